//! JSON text → the bytes of a BSON document. Pure.

use bson::RawDocumentBuf;
use bson::oid::ObjectId;
use bson::spec::ElementType;
use serde::Deserialize as _;
use serde::de::{DeserializeSeed as _, IgnoredAny};

use super::bytes::{Bytes, MADE_ID_BYTES};
use super::encoding::check_encoding;
use super::literals::number_fault;
use super::syntax::{offset, syntax_refusal};
use super::tokens::Tokens;
use super::value::Value;
use super::{Fault, Location, Refusal};

/// The deepest nesting that is stored: what MongoDB documents as its limit for documents, the outermost one counted.
///
/// It is below the 127 levels where `serde_json` gives up and far below the 500 where decoding overflows a stack.
pub(crate) const MAXIMUM_DEPTH: usize = 100;

/// The largest document that MongoDB stores, its `_id` included.
pub(crate) const MAXIMUM_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// The longest string that can be an `_id`: with it, the address of a page stays below what proxies take.
pub(crate) const MAXIMUM_ID_BYTES: usize = 1024;

/// The length before and the NUL after a string in BSON.
const STRING_OVERHEAD: usize = 5;

/// The `_id` of a new document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewId {
    /// Given to a document that brings none.
    Spare(ObjectId),
    /// Given to the document, which must not bring one.
    Fixed(ObjectId),
}

/// Converts a JSON object into the document that is stored for it, `_id` included.
///
/// # Errors
/// Refuses what is not a JSON object, and what BSON cannot hold exactly; see [`Fault`].
pub(crate) fn document_from_json(text: &[u8], id: NewId) -> Result<RawDocumentBuf, Refusal> {
    check_encoding(text)?;
    let mut reader = Reader {
        bytes: Bytes::default(),
        text,
        numbers: Tokens::new(text),
        tokens: 0,
        id,
        brings_id: false,
        refused: None,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Value {
        reader: &mut reader,
        depth: 0,
    }
    .deserialize(&mut deserializer)
    .and_then(|_| deserializer.end());
    read.map_err(|error| reader.refusal(&error))?;
    let bytes = if reader.brings_id {
        reader.bytes.without_made_id()
    } else {
        reader.bytes.into_vec()
    };
    let too_large = || Refusal {
        fault: Fault::TooLarge {
            maximum: MAXIMUM_DOCUMENT_BYTES,
        },
        location: Location::of_token(text, 0),
    };
    if bytes.len() > MAXIMUM_DOCUMENT_BYTES {
        return Err(too_large());
    }
    // It looks at the length alone, and the rest was written with care.
    RawDocumentBuf::from_bytes(bytes).map_err(|_| too_large())
}

/// What the visitors of one text share.
pub(super) struct Reader<'text> {
    pub(super) bytes: Bytes,
    text: &'text [u8],
    pub(super) numbers: Tokens<'text>,
    /// How many keys and values have been read.
    pub(super) tokens: usize,
    pub(super) id: NewId,
    brings_id: bool,
    /// The fault and the number of the key or value that has it; the error that goes with it only unwinds the parser.
    refused: Option<(Fault, usize)>,
}

impl Reader<'_> {
    /// Refuses the key or value that was read last.
    pub(super) fn refuse<E: serde::de::Error>(&mut self, fault: Fault) -> E {
        self.refuse_at(fault, self.tokens.saturating_sub(1))
    }

    fn refuse_at<E: serde::de::Error>(&mut self, fault: Fault, token: usize) -> E {
        self.refused = Some((fault, token));
        E::custom("refused")
    }

    /// A text that is no JSON is never said to be a document that cannot be stored, however early that was found.
    fn refusal(&mut self, error: &serde_json::Error) -> Refusal {
        let mut strict = serde_json::Deserializer::from_slice(self.text);
        let syntax = IgnoredAny::deserialize(&mut strict).and_then(|_| strict.end());
        match (self.refused.take(), syntax) {
            (Some((fault, token)), Ok(())) => Refusal {
                fault,
                location: Location::of_token(self.text, token),
            },
            (Some(_), Err(error)) => syntax_refusal(self.text, &error),
            (None, Err(_)) => syntax_refusal(self.text, error),
            // The grammar allows it, and yet the parser gave up: on a number or on a string.
            (None, Ok(())) if error.to_string().starts_with("number out of range") => {
                let literal = self.numbers.literal(self.tokens);
                Refusal {
                    fault: number_fault(literal),
                    location: Location::of_token(self.text, self.tokens),
                }
            }
            (None, Ok(())) => Refusal {
                fault: Fault::LoneSurrogate,
                location: Location::at(self.text, offset(self.text, error)),
            },
        }
    }

    pub(super) fn check_size<E: serde::de::Error>(&mut self) -> Result<(), E> {
        // The `_id` that was made here may still go.
        if self.bytes.len() > MAXIMUM_DOCUMENT_BYTES + MADE_ID_BYTES {
            let maximum = MAXIMUM_DOCUMENT_BYTES;
            return Err(self.refuse_at(Fault::TooLarge { maximum }, 0));
        }
        Ok(())
    }

    /// Holds the `_id` of the whole document, whose value has the number `token`, to what can be one.
    pub(super) fn check_id<E: serde::de::Error>(
        &mut self,
        kind: ElementType,
        bytes: usize,
        token: usize,
    ) -> Result<(), E> {
        let fault = match kind {
            _ if matches!(self.id, NewId::Fixed(_)) => Fault::TwoIds,
            ElementType::Array => Fault::IdKind { found: "an array" },
            ElementType::EmbeddedDocument => Fault::IdKind { found: "an object" },
            _ if bytes > MAXIMUM_ID_BYTES + STRING_OVERHEAD => Fault::IdTooLong {
                maximum: MAXIMUM_ID_BYTES,
            },
            _ => {
                self.brings_id = true;
                return Ok(());
            }
        };
        Err(self.refuse_at(fault, token))
    }
}
