//! The executables of the components: set by the user, cached, built from `go.mod`, or extracted from a wheel.

mod cache;
mod control_plane;
mod mongod;
mod task;
mod toolchain;
mod wheel;

use std::path::PathBuf;

use crate::{SandboxError, interrupt::Interrupt, report::Progress};

/// The parts of a sandbox to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) control_plane: bool,
    pub(crate) mongodb: bool,
}

/// The paths of the executables.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    /// The directory of etcd, the three Kubernetes components and kwok.
    pub(crate) control_plane: Option<PathBuf>,
    /// The `mongod` file.
    pub(crate) mongod: Option<PathBuf>,
}

/// Finds the executables, and builds or extracts missing ones into the user's cache directory.
pub(crate) fn ensure(
    parts: Parts,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Binaries, SandboxError> {
    let task = task::Task { progress, interrupt };
    let control_plane = parts
        .control_plane
        .then(|| control_plane::ensure(&task))
        .transpose()?;
    let mongod = parts.mongodb.then(|| mongod::ensure(&task)).transpose()?;
    Ok(Binaries {
        control_plane,
        mongod,
    })
}
