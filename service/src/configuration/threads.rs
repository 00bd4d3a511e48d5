//! The runtime.

use std::num::NonZero;

use super::{ConfigurationError, Variables};

/// The threads that serve requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads {
    /// `WORKER_THREADS`, default one per whole CPU that the container may use.
    ///
    /// Measured with a limit of half a CPU: four threads exhaust its quota at once and then all wait, with several
    /// times the p99 latency of one thread.
    pub workers: NonZero<usize>,
}

impl Default for Threads {
    fn default() -> Self {
        // Respects the container's limit.
        let workers = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Self { workers }
    }
}

impl Threads {
    pub(super) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let workers = variables.parse("WORKER_THREADS", "a number of threads such as `2`")?;
        Ok(workers.map_or_else(Self::default, |workers| Self { workers }))
    }
}
