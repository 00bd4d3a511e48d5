//! The limit on open files, which bounds the number of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for other purposes: 32 connections to MongoDB, twice during a rotation, the runtime and the log.
const RESERVED: usize = 100;

/// Raises the limit to its maximum, and returns how many connections it allows.
///
/// The default is often 1,024, for programs that use `select`, which this one does not.
pub(super) fn maximum_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "cannot raise the limit on open files");
            current
        }
    };
    let descriptors = descriptors.map_or(usize::MAX, |number| usize::try_from(number).unwrap_or(usize::MAX));
    // If the limit leaves nothing, use half of it.
    descriptors.saturating_sub(RESERVED).max(descriptors / 2)
}
