//! Errors in environment variables.

use std::io;

/// Why the configuration is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The variable is set to an empty text.
    #[error("environment variable `{name}` is empty")]
    Empty {
        /// The name of the variable.
        name: &'static str,
    },
    /// The value is not UTF-8.
    #[error("environment variable `{name}` is not valid UTF-8")]
    NotText {
        /// The name of the variable.
        name: &'static str,
    },
    /// The value cannot be parsed.
    #[error("environment variable `{name}` has the invalid value `{value}`")]
    Value {
        /// The name of the variable.
        name: &'static str,
        /// The invalid value.
        value: String,
        /// A description of valid values.
        expected: &'static str,
    },
    /// The connection string has two sources.
    #[error("`MONGODB_URI` and `MONGODB_URI_FILE` are both set")]
    TwoUris,
    /// The connection string's file cannot be read.
    #[error("cannot read the connection string file `{path}`")]
    UriFile {
        /// The path of the file.
        path: String,
        /// The system's error.
        source: io::Error,
    },
}

impl ConfigurationError {
    /// Returns the next step.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Empty { .. } => "unset it to use the default".to_owned(),
            Self::NotText { .. } => "set it to UTF-8 text".to_owned(),
            Self::Value { expected, .. } => format!("set it to {expected}"),
            Self::TwoUris => "unset one of them; the file `.env` may set one, too".to_owned(),
            Self::UriFile { .. } => {
                "set `MONGODB_URI_FILE` to a file that contains only the connection string".to_owned()
            }
        }
    }
}
