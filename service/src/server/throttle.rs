//! Limits how often a message is logged.

use std::time::{Duration, Instant};

/// Long enough that a flood of connections does not flood the log.
const INTERVAL: Duration = Duration::from_secs(10);

/// When the message was last logged.
#[derive(Default)]
pub(super) struct Throttle(Option<Instant>);

impl Throttle {
    /// Tells whether to log the message now, and assumes that it is logged.
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
