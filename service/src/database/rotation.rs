//! A connection string in a file that changes: a new password is used without a restart.
//!
//! The content is compared instead of watched for: Kubernetes exchanges a link above the file, and other systems write it
//! in place. The present connection stays until the next one works, so that it does not matter whether the file or the
//! user in MongoDB is changed first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::connection::Connection;
use super::{CALL_TIMEOUT, ConnectionString, ConnectionStringError, Database, Failure};

/// How often the file is read; it is a few hundred bytes in memory.
const INTERVAL: Duration = Duration::from_millis(500);

/// Why the file is not followed at the moment; none of these quotes it.
#[derive(Debug, thiserror::Error)]
enum RotationError {
    #[error("cannot read it: {0}")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Content(#[from] ConnectionStringError),
    #[error("what it holds now does not work: {0}")]
    Connect(Failure),
}

/// A connection with what the file says now, which has not worked yet.
struct Candidate {
    uri: ConnectionString,
    connection: Arc<Connection>,
}

/// Follows the file for ever.
pub(super) async fn watch(database: &Database, file: &Path, mut current: ConnectionString) {
    let mut candidate = None;
    let mut logged = None;
    loop {
        sleep(INTERVAL).await;
        match poll(database, file, &current, &mut candidate).await {
            Ok(None) => logged = None,
            Ok(Some(Candidate { uri, connection })) => {
                tracing::info!(file = %file.display(), mongodb = connection.addresses, "connection string renewed");
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
                        "the file with the connection string has changed, but the last one stays in use"
                    );
                    logged = Some(error);
                }
            }
        }
    }
}

/// Returns a connection that should take over, or `None` where the file says what is in use.
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
        // Neither works: then what was configured last is what should work next.
        Err(_) if database.is_known_to_fail() => Ok(Some(next)),
        Err(failure) => {
            *candidate = Some(next);
            Err(RotationError::Connect(failure))
        }
    }
}

/// A file may lie on a slow disk, which must not hold up the answers of others.
async fn read(file: PathBuf) -> io::Result<ConnectionString> {
    let read = tokio::task::spawn_blocking(move || ConnectionString::read(&file));
    read.await.map_err(io::Error::other)?
}
