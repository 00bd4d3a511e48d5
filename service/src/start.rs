//! From the environment to a running server, and what can be wrong on the way.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::configuration::{Configuration, ConfigurationError, DotenvError, Threads, Variables};
use crate::database::ConnectionStringError;
use crate::logging;
use crate::server::{Server, stop_signals};

/// Why the service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file `.env`.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
    /// A variable.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The connection string.
    #[error(transparent)]
    ConnectionString(#[from] ConnectionStringError),
    /// The port.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// What was tried.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The runtime, the signals or the listening socket.
    #[error("the system does not let the service run")]
    System(#[from] io::Error),
}

impl StartError {
    /// The next step, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Configuration(error) => Some(error.hint()),
            Self::ConnectionString(error) => Some(error.hint().to_owned()),
            Self::Dotenv(DotenvError::Line { .. }) => {
                Some("a line is `NAME=value`; put values with spaces or `$` into single quotes".to_owned())
            }
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("another program has this port; stop it or set `LISTEN_ADDRESS`".to_owned())
            }
            Self::Dotenv(DotenvError::Read { .. }) | Self::Listen { .. } | Self::System(_) => None,
        }
    }
}

/// Runs the service with what the environment says, until a signal stops it.
///
/// # Errors
/// Says why it did not start.
pub fn start() -> Result<(), StartError> {
    let configuration = Configuration::from_variables(&Variables::load(Path::new("."))?)?;
    let _log = logging::start(configuration.logging.level);
    runtime(configuration.threads)?.block_on(async {
        let signals = stop_signals()?;
        let server = Server::bind(configuration).await?;
        server.run(signals).await?;
        Ok(())
    })
}

/// Without workers of its own where one thread is all there is: nothing then has to be handed from thread to thread.
fn runtime(threads: Threads) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = match threads.workers.get() {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(threads.workers.get()).enable_all().build()
}
