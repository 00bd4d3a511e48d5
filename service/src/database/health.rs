//! Pings MongoDB continuously, so that its health is known before every call.
//!
//! Calls that MongoDB could not serve are refused before they are sent. Clients learn of it sooner, nothing piles up,
//! and nothing was stored for certain.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::Failure;
use super::connection::Connection;

/// The pause between an answer and the next ping.
const INTERVAL: Duration = Duration::from_millis(500);

/// The time limit of a ping. With [`INTERVAL`], an outage is detected within 1.5 s.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// How much longer to wait for a late answer, the first sign that a frozen MongoDB has recovered. Then the connection
/// counts as dead, and the next ping uses another one.
const LATE_ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// An older result says nothing. Results are more frequent unless this process itself is stuck.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// The result of the latest ping; `None` before the first.
#[derive(Debug)]
pub(super) struct HealthMonitor(watch::Sender<Option<Ping>>);

#[derive(Clone, Debug)]
struct Ping {
    at: Instant,
    result: Result<(), Failure>,
}

impl HealthMonitor {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Fails if MongoDB is known to be unavailable; before the first ping it is not.
    pub(super) fn ensure_available(&self) -> Result<(), Failure> {
        match &*self.0.borrow() {
            Some(ping) if ping.at.elapsed() < STALE_AFTER => ping.result.clone(),
            _ => Ok(()),
        }
    }

    /// Returns the latest result; waits for the first one.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let mut pings = self.0.subscribe();
        match timeout(
            PING_TIMEOUT + LATE_ANSWER_TIMEOUT,
            pings.wait_for(Option::is_some),
        )
        .await
        {
            Ok(Ok(ping)) => match &*ping {
                Some(ping) if ping.at.elapsed() < STALE_AFTER => ping.result.clone(),
                _ => Err(Failure::TimedOut),
            },
            Ok(Err(_)) | Err(_) => Err(Failure::TimedOut),
        }
    }

    /// Stores a result, and logs a change.
    fn record(&self, result: Result<(), Failure>) {
        let changed = self.0.borrow().as_ref().is_none_or(|last| last.result != result);
        match &result {
            _ if !changed => {}
            Ok(()) => tracing::info!("MongoDB is available"),
            Err(failure) => tracing::warn!(error = %failure, "MongoDB is unavailable"),
        }
        let at = Instant::now();
        self.0.send_replace(Some(Ping { at, result }));
    }

    /// Pings the current connection until cancelled.
    pub(super) async fn run(&self, mut current: watch::Receiver<Arc<Connection>>) {
        loop {
            let connection = Arc::clone(&current.borrow_and_update());
            let mut ping = std::pin::pin!(connection.ping());
            let result = if let Ok(result) = timeout(PING_TIMEOUT, &mut ping).await {
                result
            } else {
                self.record(Err(Failure::TimedOut));
                tokio::select! {
                    late = timeout(LATE_ANSWER_TIMEOUT, ping) => late.unwrap_or(Err(Failure::TimedOut)),
                    _ = current.changed() => continue,
                }
            };
            self.record(result);
            // A new connection is pinged at once.
            let _ = timeout(INTERVAL, current.changed()).await;
        }
    }
}
