//! Time limits for calls to MongoDB.

use std::time::{Duration, Instant};

use super::admission::Slot;
use super::failure::{Failure, read_failure};
use crate::metrics::metrics;

/// The time limit of one call, including server selection and the wait for a connection. A request makes one call at a
/// time, so this stays below the timeouts of clients and probes.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// The time limit of a call that its caller has abandoned. Its connection then counts as dead; the driver itself would
/// wait forever.
pub(super) const ABANDONED_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a call has no result.
pub(super) enum CallError {
    Driver(mongodb::error::Error),
    /// The call is still running and may succeed.
    TimedOut,
    /// The call panicked, or the runtime shut down.
    Aborted,
}

impl CallError {
    /// Returns the metric label.
    fn kind(&self) -> &'static str {
        match self {
            Self::Driver(_) => "error",
            Self::TimedOut => "timeout",
            Self::Aborted => "broken",
        }
    }

    /// Translates the error of a read.
    pub(super) fn read_failure(&self, addresses: &str) -> Failure {
        match self {
            Self::Driver(error) => read_failure(error, addresses),
            Self::TimedOut => Failure::TimedOut,
            Self::Aborted => Failure::Internal,
        }
    }
}

/// Runs a call in its own task and waits at most [`CALL_TIMEOUT`] for it.
///
/// The driver closes the connection of a dropped call, so an abandoned call continues in its task until it returns its
/// connection and its slot. `operation` is the metric label.
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
