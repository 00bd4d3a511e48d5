//! From the environment to a running server.

use std::io;
use std::path::Path;

use crate::configuration::{Configuration, ConfigurationError, DotenvError, Threads, Variables};
use crate::logging;
use crate::server::{BindError, Server, stop_signals};

/// Why the service did not start, or failed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file `.env` cannot be used.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
    /// An environment variable cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The connection string or the port cannot be used.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The runtime, the signal handlers or the listening socket failed.
    #[error("cannot run the service")]
    System(#[from] io::Error),
}

impl StartError {
    /// Returns the next step, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Configuration(error) => Some(error.hint()),
            Self::Bind(error) => error.hint().map(str::to_owned),
            Self::Dotenv(DotenvError::Line { .. }) => {
                Some("write `NAME=value`; put values with spaces or `$` in single quotes".to_owned())
            }
            Self::Dotenv(DotenvError::Read { .. }) | Self::System(_) => None,
        }
    }
}

/// Runs the service as the environment configures it, until a signal stops it.
///
/// # Errors
/// Fails if the service cannot start, or if its listening socket fails.
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

/// A single worker gets the current-thread runtime, which hands no task from thread to thread.
fn runtime(threads: Threads) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = match threads.workers.get() {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(threads.workers.get()).enable_all().build()
}
