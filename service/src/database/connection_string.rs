//! The connection string of MongoDB, which holds a password and is never shown.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use mongodb::event::EventHandler;
use mongodb::options::{Acknowledgment, ClientOptions, ServerMonitoringMode, WriteConcern};

use super::CALL_TIMEOUT;
use crate::metrics::metrics;

/// How long a call looks for a server. Shorter than the call, and than a ping, so that "connection refused" is told
/// instead of "no answer".
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_millis(900);

/// How often the driver looks after a server by itself, and so how soon it sees that one is back.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// Connections that are kept open: enough for a request and a probe at once.
const MINIMUM_CONNECTIONS: u32 = 2;

/// A connection string; neither `Debug` nor any message shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString(String);

impl ConnectionString {
    /// Takes the text as it is; [`super::Database::prepare`] tells whether it is one.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Reads a file that holds the text, whose line may have an end.
    ///
    /// # Errors
    /// Says why it cannot be read.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(file)?;
        Ok(Self(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Returns the text, for deriving keys from it.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }

    /// Reads the text into the driver's options and completes them; what the text says itself is kept.
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
            metrics().mongodb.record_pool_event(&event)
        }));
        options.app_name.get_or_insert_with(|| "service".to_owned());
        options.connect_timeout.get_or_insert(CALL_TIMEOUT);
        options
            .server_selection_timeout
            .get_or_insert(SERVER_SELECTION_TIMEOUT);
        options.max_pool_size.get_or_insert(pool_size);
        options.min_pool_size.get_or_insert(MINIMUM_CONNECTIONS);
        options.heartbeat_freq.get_or_insert(HEARTBEAT_INTERVAL);
        // The pings tell the same as a stream of the server's own news, which costs one more connection.
        options
            .server_monitoring_mode
            .get_or_insert(ServerMonitoringMode::Poll);
        // An answer of 201 promises that the document outlives a crash of MongoDB.
        options.write_concern.get_or_insert_with(|| {
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .w_timeout(CALL_TIMEOUT)
                .build()
        });
        Ok(options)
    }

    /// Finds the part at fault by leaving out the user: the driver's own message may quote the password.
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

/// Why a connection string cannot be used; none of these quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// It begins with something else.
    #[error("the connection string of MongoDB does not begin with `mongodb://`")]
    Scheme,
    /// The form that needs DNS, which this build leaves out.
    #[error("connection strings that begin with `mongodb+srv://` are not supported")]
    Srv,
    /// The part before the `@`.
    #[error("the user name or password in the connection string of MongoDB cannot be read")]
    User,
    /// The hosts, or what stands after the `?`.
    #[error("the hosts or options in the connection string of MongoDB cannot be read")]
    Options,
}

impl ConnectionStringError {
    /// The next step.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Scheme | Self::Options => {
                "it looks like `mongodb://user:password@host:27017/?authSource=admin`; all but the host may be left out"
            }
            Self::Srv => {
                "list the hosts instead: `mongodb://host1:27017,host2:27017/?replicaSet=name&tls=true`"
            }
            Self::User => "percent-encode the characters `:/?#[]@%` in user name and password: `@` is `%40`",
        }
    }
}
