//! What a starter and its supervisor say to each other: JSON lines over the supervisor's stdin and stdout.
//!
//! The end of stdin without a `Detach` before it means: shut down. So nothing outlives a starter that was killed.

use serde::{Deserialize, Serialize};

use crate::state::{Failure, State};

/// From the starter to the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Command {
    /// Live on without the starter.
    Detach,
    /// End MongoDB at once, as a crash would.
    KillMongodb,
    /// End MongoDB in good order.
    StopMongodb,
    /// Start MongoDB again on the same port, after ending it if it runs.
    RestartMongodb,
}

/// From the supervisor to the starter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Event {
    /// What is being done or waited for.
    Progress(String),
    /// Everything answers; also the answer to every command.
    Ready(State),
    /// It did not start, or a command failed.
    Failed(Failure),
}
