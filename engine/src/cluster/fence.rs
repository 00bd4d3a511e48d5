//! A fence that keeps writes safe: it closes by itself when the lock is not renewed in time.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Shows whether the lock is certainly still held, without a request to the cluster. Clones share one fence.
///
/// Its clock keeps running while the machine sleeps: a laptop that wakes up after the lock's term finds the fence closed.
#[derive(Clone, Debug)]
pub struct Fence(Option<Arc<Post>>);

struct Post {
    term: Duration,
    renewed: Mutex<Duration>,
    is_lost: AtomicBool,
    clock: Clock,
}

/// Returns the time since a fixed point in the past, sleep included.
type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

impl fmt::Debug for Post {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Post")
            .field("term", &self.term)
            .finish_non_exhaustive()
    }
}

/// The time at which a renewal was requested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked(Duration);

impl Asked {
    pub(crate) fn now() -> Self {
        Self(since_boot())
    }
}

impl Fence {
    /// Creates a fence that stays open for `term` after each renewal.
    pub(crate) fn open(term: Duration, asked: Asked) -> Self {
        Self::with_clock(term, asked, Box::new(since_boot))
    }

    fn with_clock(term: Duration, asked: Asked, clock: Clock) -> Self {
        Self(Some(Arc::new(Post {
            term,
            renewed: Mutex::new(asked.0),
            is_lost: AtomicBool::new(false),
            clock,
        })))
    }

    /// Creates a fence that is always open, for when there is nothing to lock.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Returns whether a write is still safe.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let Some(post) = &self.0 else {
            return true;
        };
        let renewed = *post.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        !post.is_lost.load(Ordering::Relaxed) && (post.clock)().saturating_sub(renewed) < post.term
    }

    pub(crate) fn renew(&self, asked: Asked) {
        if let Some(post) = &self.0 {
            *post.renewed.lock().unwrap_or_else(PoisonError::into_inner) = asked.0;
        }
    }

    pub(crate) fn close(&self) {
        if let Some(post) = &self.0 {
            post.is_lost.store(true, Ordering::Relaxed);
        }
    }
}

/// Reads the clock that keeps running while the machine sleeps. `Instant` stops then.
fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    // On macOS this clock counts sleep.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;

    Duration::try_from(clock_gettime(CLOCK)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    const TERM: Duration = Duration::from_secs(15);

    #[test]
    fn a_fence_closes_while_the_machine_sleeps() {
        let now = Arc::new(AtomicU64::new(100));
        let clock = Arc::clone(&now);
        let clock = Box::new(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
        let fence = Fence::with_clock(TERM, Asked(Duration::from_secs(100)), clock);
        now.store(114, Ordering::Relaxed);
        assert!(fence.is_open());
        fence.renew(Asked(Duration::from_secs(114)));
        // Asleep for an hour: no timer has run, but the clock has advanced.
        now.store(114 + 3600, Ordering::Relaxed);
        assert!(!fence.is_open());
    }

    #[test]
    fn a_lost_fence_stays_closed() {
        let fence = Fence::open(TERM, Asked::now());
        assert!(fence.is_open());
        fence.close();
        fence.renew(Asked::now());
        assert!(!fence.is_open());
    }

    #[test]
    fn the_clock_goes_on() {
        let before = since_boot();
        assert!(before > Duration::ZERO && since_boot() >= before);
    }
}
