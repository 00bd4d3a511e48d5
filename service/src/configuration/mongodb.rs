//! Where the documents are.

use super::{ConfigurationError, Variables};
use crate::database::{ConnectionString, Place};

/// The connection string when none is given: the MongoDB that a developer runs.
const DEFAULT_URI: &str = "mongodb://localhost:27017/";

/// MongoDB, and what is kept in it.
#[derive(Clone, Debug)]
pub struct Mongodb {
    /// `MONGODB_URI`, or what the file named by `MONGODB_URI_FILE` holds; default `mongodb://localhost:27017/`.
    pub uri: ConnectionString,
    /// Which collection is served; always `flask_db.data` outside of tests.
    pub place: Place,
}

impl Default for Mongodb {
    fn default() -> Self {
        Self {
            uri: ConnectionString::new(DEFAULT_URI.to_owned()),
            place: Place::default(),
        }
    }
}

impl Mongodb {
    pub(super) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let text = match (
            variables.text("MONGODB_URI")?,
            variables.text("MONGODB_URI_FILE")?,
        ) {
            (Some(_), Some(_)) => return Err(ConfigurationError::TwoUris),
            (Some(uri), None) => uri,
            (None, Some(path)) => std::fs::read_to_string(&path)
                .map_err(|source| ConfigurationError::UriFile { path, source })?
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
            (None, None) => return Ok(Self::default()),
        };
        Ok(Self {
            uri: ConnectionString::new(text),
            place: Place::default(),
        })
    }
}
