//! The protocol between the launcher and the supervisor: JSON lines over the supervisor's stdin and stdout.
//!
//! The supervisor shuts down when stdin ends without a `Detach`, so nothing outlives a killed launcher.

use serde::{Deserialize, Serialize};

use crate::state::{Failure, State};

/// A message from the launcher to the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Command {
    /// Outlive the launcher.
    Detach,
    /// Kill MongoDB, as a crash would.
    KillMongodb,
    /// Stop MongoDB gracefully.
    StopMongodb,
    /// Restart MongoDB on the same port.
    RestartMongodb,
}

/// A message from the supervisor to the launcher.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Event {
    /// The current step.
    Progress(String),
    /// The sandbox is ready; also acknowledges every command.
    Ready(State),
    /// The start or a command failed.
    Failed(Failure),
}
