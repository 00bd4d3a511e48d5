//! What can go wrong, in one line each, and the way out.

mod binaries;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use self::binaries::BinariesError;
use crate::state::Failure;

/// Why a sandbox could not be started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// A program that the sandbox runs is not there and cannot be had.
    #[error(transparent)]
    Binaries(#[from] BinariesError),
    /// A file or directory could not be read or written.
    #[error("cannot {attempted} `{}`: {cause}", path.display())]
    File {
        /// What was attempted, as in "cannot …".
        attempted: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// A state file holds something else than this version of the sandbox writes.
    #[error("`{}` cannot be understood: {cause}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where and why.
        cause: serde_json::Error,
    },
    /// An executable of this workspace, such as the `sandbox` that supervises the processes, is not beside the running one.
    #[error("the executable `{}` is not there", path.display())]
    NoExecutable {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A component did not start, or died.
    #[error("{failure}")]
    Component {
        /// Which, and the last lines of its log.
        failure: Failure,
    },
    /// The supervisor ended without saying why.
    #[error("the supervisor ended without saying why; its log is `{}`", log.display())]
    SupervisorGone {
        /// The log of the supervisor.
        log: PathBuf,
    },
    /// A sandbox runs in this directory already.
    #[error("a sandbox runs in `{}` already (supervisor {supervisor})", directory.display())]
    AlreadyRunning {
        /// The state directory.
        directory: PathBuf,
        /// The process that owns it.
        supervisor: u32,
    },
    /// Another process held the sandbox for too long.
    #[error("{what} (supervisor {supervisor})")]
    Busy {
        /// What was waited for in vain.
        what: &'static str,
        /// The process that owns the sandbox.
        supervisor: u32,
    },
    /// The directory given to be deleted is not one of a sandbox.
    #[error("`{}` is not the directory of a sandbox; nothing was deleted", directory.display())]
    NotASandbox {
        /// The directory.
        directory: PathBuf,
    },
    /// MongoDB's data is there and its passwords are not.
    #[error("the passwords of the database in `{}` are gone", directory.display())]
    PasswordsLost {
        /// The state directory.
        directory: PathBuf,
    },
    /// Certificates could not be made.
    #[error("cannot make certificates")]
    Certificates(#[from] rcgen::Error),
    /// The system gave no random numbers.
    #[error("cannot get random numbers")]
    Random(#[from] getrandom::Error),
    /// The user or a signal ended it.
    #[error("interrupted")]
    Interrupted,
}

impl SandboxError {
    /// The next step for the user, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Binaries(error) => Some(error.hint()),
            Self::Component { failure } => failure.hint(),
            Self::NoExecutable { .. } => {
                Some("build it with `cargo build --workspace`, or name a `sandbox` in `SANDBOX_EXE`".into())
            }
            Self::AlreadyRunning { .. } | Self::Busy { .. } => {
                Some("stop it with `just sandbox down`".into())
            }
            Self::Format { .. } | Self::PasswordsLost { .. } => {
                Some("start afresh with `just sandbox down --delete`, then `just sandbox up`".into())
            }
            Self::File { cause, .. } if cause.kind() == io::ErrorKind::StorageFull => {
                Some("make room on that disk, then start again".into())
            }
            _ => None,
        }
    }

    /// Makes the error of an attempt on a file; for `map_err`.
    pub(crate) fn file(attempted: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::File {
            attempted,
            path,
            cause,
        }
    }
}
