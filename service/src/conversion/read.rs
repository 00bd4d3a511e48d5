//! Converts JSON text to a BSON document. Pure.

use bson::RawDocumentBuf;
use bson::oid::ObjectId;
use bson::spec::ElementType;
use serde::Deserialize as _;
use serde::de::{DeserializeSeed as _, IgnoredAny};

use super::bytes::{Bytes, GENERATED_ID_BYTES};
use super::encoding::check_encoding;
use super::literals::number_fault;
use super::syntax::{offset, syntax_refusal};
use super::tokens::Tokens;
use super::value::Value;
use super::{Fault, Location, Refusal};

/// The maximum nesting, including the document itself: MongoDB's documented limit.
///
/// It is below the 127 levels that `serde_json` supports, and far below the 500 at which decoding overflows the stack.
pub(crate) const MAXIMUM_DEPTH: usize = 100;

/// MongoDB's maximum document size, including the `_id`.
pub(crate) const MAXIMUM_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// The maximum size of a string `_id`: a page's URL, which contains one, must not exceed the limits of proxies.
pub(crate) const MAXIMUM_ID_BYTES: usize = 1024;

/// The length before a BSON string, and the NUL after it.
const STRING_OVERHEAD: usize = 5;

/// The `_id` of a new document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewId {
    /// For a document without its own.
    IfMissing(ObjectId),
    /// For a document that must not have its own.
    Required(ObjectId),
}

/// Converts a JSON object to the document to store, including its `_id`.
pub(crate) fn document_from_json(text: &[u8], id: NewId) -> Result<RawDocumentBuf, Refusal> {
    check_encoding(text)?;
    let mut reader = Reader {
        bytes: Bytes::default(),
        text,
        numbers: Tokens::new(text),
        tokens: 0,
        id,
        has_own_id: false,
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
    let bytes = if reader.has_own_id {
        reader.bytes.without_generated_id()
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
    // It only checks the length; the rest is valid by construction.
    RawDocumentBuf::from_bytes(bytes).map_err(|_| too_large())
}

/// The state that the visitors of one text share.
pub(super) struct Reader<'text> {
    pub(super) bytes: Bytes,
    text: &'text [u8],
    pub(super) numbers: Tokens<'text>,
    /// The number of keys and values read so far.
    pub(super) tokens: usize,
    pub(super) id: NewId,
    has_own_id: bool,
    /// The fault and the number of its key or value; the error returned with it only unwinds the parser.
    refused: Option<(Fault, usize)>,
}

impl Reader<'_> {
    /// Refuses the latest key or value.
    pub(super) fn refuse<E: serde::de::Error>(&mut self, fault: Fault) -> E {
        self.refuse_at(fault, self.tokens.saturating_sub(1))
    }

    fn refuse_at<E: serde::de::Error>(&mut self, fault: Fault, token: usize) -> E {
        self.refused = Some((fault, token));
        E::custom("refused")
    }

    /// Invalid JSON is always reported as such, even if an earlier fault stopped the conversion.
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
            // Valid by the grammar, but the parser failed on a number or on a string.
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
        // The generated `_id` may still be removed.
        if self.bytes.len() > MAXIMUM_DOCUMENT_BYTES + GENERATED_ID_BYTES {
            let maximum = MAXIMUM_DOCUMENT_BYTES;
            return Err(self.refuse_at(Fault::TooLarge { maximum }, 0));
        }
        Ok(())
    }

    /// Validates the document's `_id`, whose value is the token number `token`.
    pub(super) fn check_id<E: serde::de::Error>(
        &mut self,
        kind: ElementType,
        bytes: usize,
        token: usize,
    ) -> Result<(), E> {
        let fault = match kind {
            _ if matches!(self.id, NewId::Required(_)) => Fault::TwoIds,
            ElementType::Array => Fault::IdKind { found: "an array" },
            ElementType::EmbeddedDocument => Fault::IdKind { found: "an object" },
            _ if bytes > MAXIMUM_ID_BYTES + STRING_OVERHEAD => Fault::IdTooLong {
                maximum: MAXIMUM_ID_BYTES,
            },
            _ => {
                self.has_own_id = true;
                return Ok(());
            }
        };
        Err(self.refuse_at(fault, token))
    }
}
