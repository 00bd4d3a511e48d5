//! Whether this process should receive requests: MongoDB is available, and no shutdown has begun.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Database, Failure};

/// The state behind `/readyz`.
#[derive(Debug)]
pub(crate) struct Readiness {
    database: Database,
    draining: AtomicBool,
}

impl Readiness {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            draining: AtomicBool::new(false),
        }
    }

    /// Reports "not ready" from now on.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Returns the result of the latest ping, as [`Database::check`] does.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        self.database.check().await
    }
}
