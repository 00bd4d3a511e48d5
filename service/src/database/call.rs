//! The time limit of a call to MongoDB.

use std::time::{Duration, Instant};

use super::admission::Slot;
use super::failure::{Failure, read_failure};
use crate::metrics::metrics;

/// How long one call may take, the search for a server and the wait for a connection included.
///
/// A request makes one call at a time, so this stays below what a client or a probe waits for an answer.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a call goes on that nobody waits for any more. Its connection is then taken for dead, since the driver itself
/// would wait for ever.
pub(super) const ABANDONED_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a call has no result.
pub(super) enum CallError {
    /// The driver says so.
    Driver(mongodb::error::Error),
    /// The time was up; the call itself goes on and may still succeed.
    TimedOut,
    /// The call panicked or was cancelled with the runtime.
    Aborted,
}

impl CallError {
    /// Names the kind of failure, for metrics.
    fn kind(&self) -> &'static str {
        match self {
            Self::Driver(_) => "error",
            Self::TimedOut => "timeout",
            Self::Aborted => "broken",
        }
    }

    /// Translates the error of a call that changes nothing.
    pub(super) fn read_failure(&self, addresses: &str) -> Failure {
        match self {
            Self::Driver(error) => read_failure(error, addresses),
            Self::TimedOut => Failure::TimedOut,
            Self::Aborted => Failure::Internal,
        }
    }
}

/// Runs a call in a task of its own and waits for it at most [`CALL_TIMEOUT`].
///
/// The driver closes a connection whose call is dropped half-way, so a caller that goes away, or whose time is up, must
/// not drop it: the task stays behind and gives the connection back, and the slot with it. `operation` names the call in
/// the metrics.
pub(super) async fn bounded<T: Send + 'static>(
    operation: &'static str,
    slot: Slot,
    call: impl Future<Output = mongodb::error::Result<T>> + Send + 'static,
) -> Result<T, CallError> {
    let start = Instant::now();
    let task = async move {
        let result = tokio::time::timeout(ABANDONED_CALL_TIMEOUT, call).await;
        drop(slot);
        result
    };
    let result = match tokio::time::timeout(CALL_TIMEOUT, tokio::spawn(task)).await {
        Ok(Ok(Ok(Ok(result)))) => Ok(result),
        Ok(Ok(Ok(Err(error)))) => Err(CallError::Driver(error)),
        Ok(Err(_)) => Err(CallError::Aborted),
        Ok(Ok(Err(_))) | Err(_) => Err(CallError::TimedOut),
    };
    metrics().mongodb.record_call(operation, start.elapsed());
    if let Err(error) = &result {
        metrics().mongodb.record_failure(operation, error.kind());
    }
    result
}
