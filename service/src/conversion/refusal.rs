//! Why a text is not a document that can be stored, and where in it the fault is.

use std::fmt;

use super::Location;

/// Why a JSON text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// There is no text at all.
    #[error("the body is empty, a JSON object is expected")]
    Empty,
    /// The bytes are not UTF-8 from the first to the last.
    #[error("the body {found}, UTF-8 is expected")]
    Encoding {
        /// What the body does instead.
        found: &'static str,
    },
    /// The text is not JSON.
    #[error("the body cannot be read as JSON: {message}")]
    Syntax {
        /// What the parser says, without the position.
        message: String,
    },
    /// The text is JSON, but not an object.
    #[error("a JSON object is expected, this is {found}")]
    NotAnObject {
        /// The kind of value with its article.
        found: &'static str,
    },
    /// An object holds a key twice, and MongoDB would keep both or one of them.
    #[error("the key `{key}` stands twice in one object")]
    DuplicateKey {
        /// The repeated key, shortened.
        key: String,
    },
    /// A key holds the character NUL, which ends a key in BSON.
    #[error("a key holds the character NUL, which MongoDB cannot store")]
    NulInKey,
    /// An escape such as `\ud800` is half of a pair without the other half, which is no character.
    #[error("a string holds half of a surrogate pair, which is no character and cannot be stored")]
    LoneSurrogate,
    /// An integer does not fit the 64 bits that MongoDB has for it.
    #[error("the integer `{literal}` does not fit 64 bits and would be rounded")]
    IntegerTooBig {
        /// The digits as they were sent, shortened.
        literal: String,
    },
    /// A number with a fraction or an exponent would become infinite, or zero.
    #[error("the number `{literal}` is beyond what a 64-bit float holds")]
    NumberOutOfRange {
        /// The number as it was sent, shortened.
        literal: String,
    },
    /// Arrays and objects are nested deeper than MongoDB promises to hold.
    #[error("the document is nested deeper than {maximum} levels")]
    TooDeep {
        /// The deepest level that is accepted.
        maximum: usize,
    },
    /// MongoDB does not take this kind of `_id`, or does not find it again.
    #[error("the `_id` is {found}; it must be a string, a number, a boolean or null")]
    IdKind {
        /// The kind of value with its article.
        found: &'static str,
    },
    /// The `_id` does not fit into the address of a page.
    #[error("the `_id` is longer than {maximum} bytes")]
    IdTooLong {
        /// The longest that is accepted.
        maximum: usize,
    },
    /// The document brings an `_id`, but is given one by a header.
    #[error("the document has an `_id`, and `Idempotency-Key` stands for another; send only one of them")]
    TwoIds,
    /// The document is larger than MongoDB stores.
    #[error("the document takes more than {maximum} bytes in MongoDB's format")]
    TooLarge {
        /// The largest that is accepted.
        maximum: usize,
    },
}

/// A refused JSON text: the fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct Refusal {
    /// Why the text was refused.
    pub(crate) fault: Fault,
    /// Where the fault is.
    pub(crate) location: Location,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { line, column, .. } = &self.location;
        write!(formatter, "{} (line {line} column {column})", self.fault)
    }
}
