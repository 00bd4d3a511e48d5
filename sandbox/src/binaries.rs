//! The executables of the components: named by the user, cached, built from `go.mod`, or unpacked from a wheel.

mod cache;
mod control_plane;
mod mongod;
mod task;
mod toolchain;
mod wheel;

use std::path::PathBuf;

use crate::{SandboxError, interrupt::Interrupt, report::Progress};

/// Which parts of the sandbox are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) control_plane: bool,
    pub(crate) mongodb: bool,
}

/// Where the executables are.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    /// The directory of etcd, the three Kubernetes components and kwok.
    pub(crate) control_plane: Option<PathBuf>,
    /// The file.
    pub(crate) mongod: Option<PathBuf>,
}

/// Finds the executables; what is missing is built or unpacked into the user's cache directory first.
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
