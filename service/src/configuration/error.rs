//! What can be wrong with the variables.

use std::io;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A variable is set to nothing.
    #[error("the variable `{name}` is empty")]
    Empty {
        /// The variable.
        name: &'static str,
    },
    /// A variable holds bytes that are no text.
    #[error("the variable `{name}` is not UTF-8")]
    NotText {
        /// The variable.
        name: &'static str,
    },
    /// A variable holds something else than it should.
    #[error("the variable `{name}` holds `{value}`")]
    Value {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// Both sources of the connection string are given.
    #[error("`MONGODB_URI` and `MONGODB_URI_FILE` are both set")]
    TwoUris,
    /// The file with the connection string.
    #[error("cannot read `{path}`, which `MONGODB_URI_FILE` names")]
    UriFile {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl ConfigurationError {
    /// The next step.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Empty { .. } => "unset it to get the default".to_owned(),
            Self::NotText { .. } => "set it to plain text".to_owned(),
            Self::Value { expected, .. } => format!("it should be {expected}"),
            Self::TwoUris => "unset one of them; one may stand in the file `.env`".to_owned(),
            Self::UriFile { .. } => "the file holds the connection string and nothing else".to_owned(),
        }
    }
}
