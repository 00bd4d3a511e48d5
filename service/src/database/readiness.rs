//! Whether this process should be sent requests: MongoDB takes documents, and nobody has asked it to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Database, Failure};

/// What the last ping said, and the switch that a stop throws.
#[derive(Debug)]
pub(crate) struct Readiness {
    database: Database,
    draining: AtomicBool,
}

impl Readiness {
    /// Reports on this database.
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            draining: AtomicBool::new(false),
        }
    }

    /// Turns the answer to "not ready" for good.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Tells whether [`Self::drain`] was called.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Says whether MongoDB takes documents, as [`Database::check`] does.
    ///
    /// # Errors
    /// Says why it does not.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        self.database.check().await
    }
}
