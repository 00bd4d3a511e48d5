//! A message that is worth one line, not one for each time.

use std::time::{Duration, Instant};

/// Long enough that a flood of connections is no flood of lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// Remembers when it was said last.
#[derive(Default)]
pub(super) struct Throttle(Option<Instant>);

impl Throttle {
    /// Tells whether it should be said now, and counts that as said.
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
