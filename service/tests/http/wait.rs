//! Waits for a condition, with a deadline.

use std::time::Duration;

use tokio::time::Instant;

/// Enough for any wait on a slow machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// Polls until the condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < TIMEOUT, "timed out waiting for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
