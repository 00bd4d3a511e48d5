//! Why a text is not a document that can be stored, and where in it the fault is.

/// Why a JSON text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no text at all.
    #[error("the body is empty, a JSON object is expected")]
    Empty,
    /// The text is not JSON, or holds a number that no double can hold.
    #[error("the body cannot be read as JSON: {message} at line {line} column {column}")]
    Syntax {
        /// What the parser says, without the position.
        message: String,
        /// Counted from 1.
        line: usize,
        /// In bytes from 1; 0 when the fault is the line break itself.
        column: usize,
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
        /// The repeated key.
        key: String,
    },
    /// A key holds the character NUL, which ends a key in BSON.
    #[error("a key holds the character NUL, which MongoDB cannot store")]
    NulInKey,
    /// An integer does not fit the 64 bits that MongoDB has for it.
    #[error("the integer `{literal}` does not fit 64 bits and would be rounded")]
    IntegerTooBig {
        /// The digits as they were sent, shortened.
        literal: String,
    },
    /// Arrays and objects are nested deeper than MongoDB promises to hold.
    #[error("the document is nested deeper than {maximum} levels")]
    TooDeep {
        /// The deepest level that is accepted.
        maximum: usize,
    },
}

/// A refused JSON text: the fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct Refusal {
    /// Why the text was refused.
    pub fault: Fault,
    /// The value at fault as a JSON Pointer (RFC 6901), where the fault has a place inside the document.
    pub pointer: Option<String>,
}
