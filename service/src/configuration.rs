//! What differs between installations: environment variables, and the limits that tests shorten.

mod dotenv;
mod error;
mod variables;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::database::{ConnectionString, Place};

pub use dotenv::DotenvError;
pub use error::ConfigurationError;
pub use variables::Variables;

/// The connection string when none is given: the MongoDB that a developer runs.
const DEFAULT_URI: &str = "mongodb://localhost:27017/";

/// Where the service listens when nothing is said.
const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5000);

/// Everything that the service is told from outside.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// `MONGODB_URI`, or what the file named by `MONGODB_URI_FILE` holds.
    pub uri: ConnectionString,
    /// `LISTEN_ADDRESS`; port 0 takes a free one.
    pub listen_address: SocketAddr,
    /// `LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: LevelFilter,
    /// Which collection is served; always `flask_db.data` outside of tests.
    pub place: Place,
    /// How much and how long requests may take.
    pub limits: Limits,
}

/// How much and how long a request may take, and how the service stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body: well above what a person or a form sends, and 1/500 of the memory that the service is given.
    pub body_bytes: usize,
    /// From the head of a request to the end of its body. Longer than a call to MongoDB, shorter than `grace`.
    pub body_time: Duration,
    /// For the head of a request; also how long a connection is kept open without one.
    pub head_time: Duration,
    /// How long a client may leave an answer unread.
    pub write_time: Duration,
    /// `DRAIN_SECONDS`: between "not ready" and the end of accepting, so that load balancers can look elsewhere.
    pub drain: Duration,
    /// How long requests in flight may take when the service stops. Kubernetes must wait longer than this and `drain`.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_time: Duration::from_secs(10),
            head_time: Duration::from_secs(10),
            write_time: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(30),
        }
    }
}

impl Configuration {
    /// Builds the configuration from variables.
    ///
    /// # Errors
    /// Names the variable that cannot be used; values are only quoted where they are no secrets.
    pub fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let mut limits = Limits::default();
        if let Some(seconds) = variables.parse("DRAIN_SECONDS", "a number of seconds such as `5`")? {
            limits.drain = Duration::from_secs(seconds);
        }
        let listen_address = variables
            .parse(
                "LISTEN_ADDRESS",
                "an IP address and a port such as `0.0.0.0:5000`",
            )?
            .unwrap_or(DEFAULT_ADDRESS);
        let log_level = variables
            .parse("LOG_LEVEL", "one of `error`, `warn`, `info`, `debug` and `trace`")?
            .unwrap_or(LevelFilter::INFO);
        Ok(Self {
            uri: uri(variables)?,
            listen_address,
            log_level,
            place: Place::default(),
            limits,
        })
    }
}

fn uri(variables: &Variables) -> Result<ConnectionString, ConfigurationError> {
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
        (None, None) => DEFAULT_URI.to_owned(),
    };
    Ok(ConnectionString::new(text))
}

#[cfg(test)]
mod tests;
