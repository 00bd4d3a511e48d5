//! Whether MongoDB takes documents, asked all the time, so that every question after it is answered at once.
//!
//! What MongoDB cannot take now is refused before it is sent: that is sooner for the client, it piles nothing up, and it
//! leaves no doubt about what was stored.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::Failure;
use super::connection::Connection;

/// Between an answer and the next ping.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long a ping may take until MongoDB counts as gone. With [`INTERVAL`] it takes at most 1.5 s to see that.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a late answer is still waited for, as it is the first sign that a frozen MongoDB is back. Then the connection
/// is taken for dead and the next ping goes out on another one.
const LATE_ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// A ping that is older says nothing; they come more often unless something is wrong with this process.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// What the last ping said; `None` before the first.
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

    /// Returns the failure that is known now; nobody is refused before the first ping.
    pub(super) fn ensure_available(&self) -> Result<(), Failure> {
        match &*self.0.borrow() {
            Some(ping) if ping.at.elapsed() < STALE_AFTER => ping.result.clone(),
            _ => Ok(()),
        }
    }

    /// Returns what the last ping said, and waits for the first one.
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

    /// Notes an answer, and says so when it is another than the last one.
    fn record(&self, result: Result<(), Failure>) {
        let changed = self.0.borrow().as_ref().is_none_or(|last| last.result != result);
        match &result {
            _ if !changed => {}
            Ok(()) => tracing::info!("MongoDB answers"),
            Err(failure) => tracing::warn!(error = %failure, "MongoDB does not answer"),
        }
        let at = Instant::now();
        self.0.send_replace(Some(Ping { at, result }));
    }

    /// Pings for ever, always the connection that is current.
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
