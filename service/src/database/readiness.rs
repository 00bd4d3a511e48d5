//! Whether this process should be sent requests: MongoDB answers, and nobody has asked it to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Database, Failure};

/// How long an answer is good for. Probes of several nodes and balancers together then cost one ping a second.
const FRESH: Duration = Duration::from_secs(1);

/// The cached answer to "is MongoDB there?", and the switch that a stop throws.
#[derive(Debug)]
pub struct Readiness {
    database: Database,
    draining: AtomicBool,
    last: Mutex<Option<Check>>,
}

#[derive(Clone, Debug)]
struct Check {
    at: Instant,
    result: Result<(), Failure>,
}

impl Readiness {
    /// Knows nothing yet: the first question is asked of MongoDB.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            draining: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// Turns the answer to "not ready" for good.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Tells whether [`Self::drain`] was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Answers from the last ping, or from a new one when that is older than a second.
    ///
    /// The lock is held during the ping, so that callers who come meanwhile share its answer.
    ///
    /// # Errors
    /// Says why MongoDB does not answer.
    pub async fn check(&self) -> Result<(), Failure> {
        let mut last = self.last.lock().await;
        if let Some(check) = last.as_ref().filter(|check| check.at.elapsed() < FRESH) {
            return check.result.clone();
        }
        let result = self.database.ping().await;
        report_change(last.as_ref().map(|check| &check.result), &result);
        *last = Some(Check {
            at: Instant::now(),
            result: result.clone(),
        });
        result
    }
}

/// Says it once when MongoDB comes or goes; the probes themselves would say it every second.
fn report_change(before: Option<&Result<(), Failure>>, now: &Result<(), Failure>) {
    match now {
        _ if before == Some(now) => {}
        Ok(()) => tracing::info!("MongoDB answers"),
        Err(failure) => tracing::warn!(error = %failure, "MongoDB does not answer"),
    }
}
