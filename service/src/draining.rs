//! Whether a shutdown has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The flag of a shutdown, which clones share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Sets the flag for good.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
