//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Long enough for a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(50);

/// Looks until `look` finds something; fails with what was waited for.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "waited in vain for: {what}");
        std::thread::sleep(INTERVAL);
    }
}
