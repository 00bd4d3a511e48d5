//! The MongoDB connection string. It contains a password and is never shown.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use mongodb::event::EventHandler;
use mongodb::options::{Acknowledgment, ClientOptions, ServerMonitoringMode, WriteConcern};

use super::CALL_TIMEOUT;
use crate::metrics::metrics;

/// The server selection timeout. Shorter than a call and a ping, so that the failure reads "connection refused" instead
/// of "no answer".
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_millis(900);

/// How often the driver checks each server, and thus how soon it notices a recovery.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// The minimum pool size: enough for one request and one probe.
const MINIMUM_CONNECTIONS: u32 = 2;

/// A connection string, hidden from `Debug` output and messages.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString(String);

impl ConnectionString {
    /// Wraps the text, which is validated when the server binds.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Reads a file that contains the connection string and an optional final newline.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(file)?;
        Ok(Self(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Returns the text, as input for key derivation only.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }

    /// Parses the driver's options and fills in defaults; explicit options win.
    pub(super) async fn client_options(
        &self,
        pool_size: u32,
    ) -> Result<ClientOptions, ConnectionStringError> {
        if !self.0.starts_with("mongodb://") {
            let srv = self.0.starts_with("mongodb+srv://");
            return Err(if srv {
                ConnectionStringError::Srv
            } else {
                ConnectionStringError::Scheme
            });
        }
        let Ok(mut options) = ClientOptions::parse(&self.0).await else {
            return Err(self.fault().await);
        };
        options.cmap_event_handler = Some(EventHandler::callback(|event| {
            metrics().mongodb.record_pool_event(&event);
        }));
        options.app_name.get_or_insert_with(|| "service".to_owned());
        options.connect_timeout.get_or_insert(CALL_TIMEOUT);
        options
            .server_selection_timeout
            .get_or_insert(SERVER_SELECTION_TIMEOUT);
        options.max_pool_size.get_or_insert(pool_size);
        options.min_pool_size.get_or_insert(MINIMUM_CONNECTIONS);
        options.heartbeat_freq.get_or_insert(HEARTBEAT_INTERVAL);
        // The pings tell as much as the driver's streaming monitor, which costs one more connection.
        options
            .server_monitoring_mode
            .get_or_insert(ServerMonitoringMode::Poll);
        // A 201 promises that the document survives a crash of MongoDB.
        options.write_concern.get_or_insert_with(|| {
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .w_timeout(CALL_TIMEOUT)
                .build()
        });
        Ok(options)
    }

    /// Finds the faulty part by parsing without the user; the driver's own message may quote the password.
    async fn fault(&self) -> ConnectionStringError {
        let rest = self.0.trim_start_matches("mongodb://");
        match rest.rsplit_once('@') {
            Some((_, rest)) if ClientOptions::parse(format!("mongodb://{rest}")).await.is_ok() => {
                ConnectionStringError::User
            }
            _ => ConnectionStringError::Options,
        }
    }
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ConnectionString(…)")
    }
}

/// Why a connection string cannot be used. No message quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// The scheme is not `mongodb://`.
    #[error("the MongoDB connection string does not start with `mongodb://`")]
    Scheme,
    /// `mongodb+srv://` needs a DNS resolver, which this build omits.
    #[error("`mongodb+srv://` connection strings are not supported")]
    Srv,
    /// The part before the `@` is malformed.
    #[error("invalid user name or password in the MongoDB connection string")]
    User,
    /// The hosts, or the options after the `?`, are malformed.
    #[error("invalid hosts or options in the MongoDB connection string")]
    Options,
}

impl ConnectionStringError {
    /// Returns the next step.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Scheme | Self::Options => {
                "use `mongodb://user:password@host:27017/?authSource=admin`; only the host is required"
            }
            Self::Srv => {
                "list the hosts instead: `mongodb://host1:27017,host2:27017/?replicaSet=name&tls=true`"
            }
            Self::User => "percent-encode `:/?#[]@%` in user name and password, for example `@` as `%40`",
        }
    }
}
