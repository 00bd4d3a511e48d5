//! Why the server could not be set up.

use std::io;
use std::net::SocketAddr;

use crate::database::ConnectionStringError;

/// Why the server could not bind its port or prepare its database.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The driver rejects the connection string.
    #[error(transparent)]
    ConnectionString(#[from] ConnectionStringError),
    /// The address is in use or not available.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// `LISTEN_ADDRESS`.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
}

impl BindError {
    /// Returns the next step, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::ConnectionString(error) => Some(error.hint()),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("stop the program that uses this port, or set `LISTEN_ADDRESS`")
            }
            Self::Listen { .. } => None,
        }
    }
}
