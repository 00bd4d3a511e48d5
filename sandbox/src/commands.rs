//! One file per command.

pub(crate) mod binaries;
pub(crate) mod demo;
pub(crate) mod down;
pub(crate) mod run_as_child;
pub(crate) mod status;
pub(crate) mod supervise;
pub(crate) mod up;

use crate::SandboxError;

/// The next step for the user, if the error suggests one.
pub(crate) fn hint(error: &anyhow::Error) -> Option<String> {
    error.downcast_ref::<SandboxError>().and_then(SandboxError::hint)
}
