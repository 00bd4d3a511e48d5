//! What the service runs on.

use std::num::NonZero;

use super::{ConfigurationError, Variables};

/// The threads that serve requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads {
    /// `WORKER_THREADS`; default is one for each whole processor that the container may use.
    ///
    /// Measured with a limit of half a processor: four threads use up its share of a period at once and then all wait,
    /// several times the p99 of one thread.
    pub workers: NonZero<usize>,
}

impl Default for Threads {
    fn default() -> Self {
        // Knows the limit of the container.
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
