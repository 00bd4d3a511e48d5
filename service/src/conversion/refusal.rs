//! Why a body cannot be stored, and where its fault is.

use std::fmt;

use super::Location;

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the body is empty; expected a JSON object")]
    Empty,
    #[error("the body is not plain UTF-8: it {found}")]
    Encoding { found: &'static str },
    #[error("invalid JSON: {message}")]
    Syntax {
        /// The parser's message without its position.
        message: String,
    },
    #[error("expected a JSON object, found {found}")]
    NotAnObject {
        /// The type with its article.
        found: &'static str,
    },
    /// MongoDB would store both members, or one of them.
    #[error("duplicate key `{key}`")]
    DuplicateKey { key: String },
    /// NUL terminates keys in BSON.
    #[error("a key contains the NUL character, which MongoDB cannot store")]
    NulInKey,
    /// An escape such as `\ud800` without its other half, which is not a character.
    #[error("a string contains an unpaired surrogate, which cannot be stored")]
    LoneSurrogate,
    #[error("the integer `{literal}` does not fit in 64 bits")]
    IntegerTooBig { literal: String },
    /// The double would be infinite or zero.
    #[error("the number `{literal}` is out of range for a 64-bit float")]
    NumberOutOfRange { literal: String },
    #[error("the document is nested more than {maximum} levels deep")]
    TooDeep { maximum: usize },
    /// MongoDB rejects arrays, and finds objects only with their members in the same order.
    #[error("`_id` must be a string, a number, a boolean or null, not {found}")]
    IdKind { found: &'static str },
    #[error("`_id` is longer than {maximum} bytes")]
    IdTooLong { maximum: usize },
    #[error("`_id` and `Idempotency-Key` cannot be combined; send only one of them")]
    TwoIds,
    #[error("the document is larger than {maximum} bytes as BSON")]
    TooLarge { maximum: usize },
}

/// A fault and its location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct Refusal {
    pub(crate) fault: Fault,
    pub(crate) location: Location,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { line, column, .. } = &self.location;
        write!(formatter, "{} (line {line} column {column})", self.fault)
    }
}
