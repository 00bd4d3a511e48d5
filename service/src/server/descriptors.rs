//! File descriptors: each connection takes one, and without any left nothing works.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process needs besides connections of clients: 32 connections to MongoDB, twice while a server changes, the
/// runtime and the log.
const RESERVED: usize = 100;

/// Takes as many descriptors as the system gives, and returns how many connections they are enough for.
///
/// The soft limit is often 1,024, for programs that use `select`, which this one does not.
pub(super) fn connections_at_most() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            current
        }
    };
    let descriptors = descriptors.map_or(usize::MAX, |number| usize::try_from(number).unwrap_or(usize::MAX));
    // Under a limit that leaves nothing, half of it is a try.
    descriptors.saturating_sub(RESERVED).max(descriptors / 2)
}
