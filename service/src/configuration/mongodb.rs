//! The MongoDB connection and its limits.

use std::path::PathBuf;

use super::{ConfigurationError, Variables};
use crate::database::{ConnectionString, Limits, Namespace};

/// A MongoDB on the developer's machine.
const DEFAULT_URI: &str = "mongodb://localhost:27017/";

/// The MongoDB connection and its limits.
#[derive(Clone, Debug)]
pub struct Mongodb {
    /// `MONGODB_URI`, or the content of `MONGODB_URI_FILE`; default `mongodb://localhost:27017/`.
    pub uri: ConnectionString,
    /// `MONGODB_URI_FILE`: the source of `uri`, which is reloaded when it changes.
    pub uri_file: Option<PathBuf>,
    /// The limits on concurrent calls.
    pub limits: Limits,
    /// The served collection, always `flask_db.data` outside of tests.
    pub namespace: Namespace,
}

impl Default for Mongodb {
    fn default() -> Self {
        Self {
            uri: ConnectionString::new(DEFAULT_URI.to_owned()),
            uri_file: None,
            limits: Limits::default(),
            namespace: Namespace::default(),
        }
    }
}

impl Mongodb {
    pub(super) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let default = Self::default();
        let (uri, uri_file) = match (
            variables.text("MONGODB_URI")?,
            variables.text("MONGODB_URI_FILE")?,
        ) {
            (Some(_), Some(_)) => return Err(ConfigurationError::TwoUris),
            (Some(uri), None) => (ConnectionString::new(uri), None),
            (None, Some(path)) => {
                let file = PathBuf::from(&path);
                let uri = ConnectionString::read(&file)
                    .map_err(|source| ConfigurationError::UriFile { path, source })?;
                (uri, Some(file))
            }
            (None, None) => (default.uri, None),
        };
        Ok(Self {
            uri,
            uri_file,
            limits: limits(variables)?,
            namespace: default.namespace,
        })
    }
}

fn limits(variables: &Variables) -> Result<Limits, ConfigurationError> {
    let default = Limits::default();
    Ok(Limits {
        calls: variables
            .parse("MONGODB_CALLS", "a positive number such as `12`")?
            .unwrap_or(default.calls),
        queue: variables
            .parse("MONGODB_QUEUE", "a number such as `256`")?
            .unwrap_or(default.queue),
        lists: variables
            .parse("MONGODB_LISTS", "a number such as `64`")?
            .unwrap_or(default.lists),
        queue_timeout: variables.seconds("MONGODB_QUEUE_SECONDS", default.queue_timeout)?,
    })
}
