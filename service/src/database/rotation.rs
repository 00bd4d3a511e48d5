//! Applies a changed connection string file without a restart.
//!
//! The content is polled, because Kubernetes swaps a symlink above the file and other systems write it in place. The
//! current connection stays in use until the new one works, so the file and the MongoDB user may change in either
//! order.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::connection::Connection;
use super::{CALL_TIMEOUT, ConnectionString, ConnectionStringError, Database, Failure};

/// How often the file is read: it is small and usually in the page cache.
const INTERVAL: Duration = Duration::from_millis(500);

/// Why the new content is not in use. No message quotes it.
#[derive(Debug, thiserror::Error)]
enum RotationError {
    #[error("cannot read the file: {0}")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Content(#[from] ConnectionStringError),
    #[error("cannot connect: {0}")]
    Connect(Failure),
}

/// A connection for the new content, not yet confirmed by a ping.
struct Candidate {
    uri: ConnectionString,
    connection: Arc<Connection>,
}

/// Polls the file until cancelled.
pub(super) async fn watch(database: &Database, file: &Path, mut current: ConnectionString) {
    let mut candidate = None;
    let mut logged = None;
    loop {
        sleep(INTERVAL).await;
        match poll(database, file, &current, &mut candidate).await {
            Ok(None) => logged = None,
            Ok(Some(Candidate { uri, connection })) => {
                tracing::info!(file = %file.display(), mongodb = connection.addresses, "connection string reloaded");
                database.replace(connection);
                current = uri;
                logged = None;
            }
            Err(error) => {
                let error = error.to_string();
                if logged.as_ref() != Some(&error) {
                    tracing::warn!(
                        file = %file.display(),
                        error,
                        "cannot use the new connection string; keeping the current one"
                    );
                    logged = Some(error);
                }
            }
        }
    }
}

/// Returns the connection to switch to, or `None` if the content is already in use.
async fn poll(
    database: &Database,
    file: &Path,
    current: &ConnectionString,
    candidate: &mut Option<Candidate>,
) -> Result<Option<Candidate>, RotationError> {
    let uri = read(file.to_owned()).await?;
    if candidate.as_ref().is_some_and(|candidate| candidate.uri != uri)
        && let Some(outdated) = candidate.take()
    {
        outdated
            .connection
            .client
            .clone()
            .shutdown()
            .immediate(true)
            .await;
    }
    if uri == *current {
        return Ok(None);
    }
    let next = match candidate.take() {
        Some(next) => next,
        None => Candidate {
            connection: database.connect(&uri).await?,
            uri,
        },
    };
    let ping = timeout(CALL_TIMEOUT, next.connection.ping()).await;
    match ping.unwrap_or(Err(Failure::TimedOut)) {
        Ok(()) => Ok(Some(next)),
        // If neither connection works, the newer configuration is the better guess.
        Err(_) if database.is_known_to_fail() => Ok(Some(next)),
        Err(failure) => {
            *candidate = Some(next);
            Err(RotationError::Connect(failure))
        }
    }
}

/// Reads the file off the async threads, because its disk may be slow.
async fn read(file: PathBuf) -> io::Result<ConnectionString> {
    let read = tokio::task::spawn_blocking(move || ConnectionString::read(&file));
    read.await.map_err(io::Error::other)?
}
