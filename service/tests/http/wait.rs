//! Waiting for a condition, with a deadline.

use std::time::Duration;

use tokio::time::Instant;

/// What a slow machine may need for anything that happens here.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// Asks again until the answer is yes.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < TIMEOUT, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
