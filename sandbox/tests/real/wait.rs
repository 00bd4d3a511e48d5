//! Waits for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Long enough for a machine that runs other tests.
const DEADLINE: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(50);

/// Polls until `check` returns a value; panics at the deadline.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "timed out waiting for: {what}");
        std::thread::sleep(INTERVAL);
    }
}
