//! The errors of the sandbox, with hints.

mod binaries;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use self::binaries::BinariesError;
use crate::state::Failure;

/// Why an operation on a sandbox failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// An executable that the sandbox runs is not available.
    #[error(transparent)]
    Binaries(#[from] BinariesError),
    /// A file or directory could not be read or written.
    #[error("cannot {attempted} `{}`: {cause}", path.display())]
    File {
        /// The attempted operation, a verb after "cannot".
        attempted: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A state file has a format that this version does not know.
    #[error("cannot parse `{}`: {cause}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The position and the cause.
        cause: serde_json::Error,
    },
    /// An executable of this workspace is not in the directory of the running one.
    #[error("cannot find the executable `{}`", path.display())]
    NoExecutable {
        /// The expected path.
        path: PathBuf,
    },
    /// A component did not start, or exited.
    #[error("{failure}")]
    Component {
        /// The component and the end of its log.
        failure: Failure,
    },
    /// The supervisor exited without reporting a cause.
    #[error("the supervisor exited without reporting a cause; see its log `{}`", log.display())]
    SupervisorGone {
        /// The supervisor's log.
        log: PathBuf,
    },
    /// Another sandbox runs in this directory.
    #[error("another sandbox runs in `{}` (supervisor {supervisor})", directory.display())]
    AlreadyRunning {
        /// The state directory.
        directory: PathBuf,
        /// The process id of its supervisor.
        supervisor: u32,
    },
    /// Another process kept the sandbox busy for too long.
    #[error("{what} (supervisor {supervisor})")]
    Busy {
        /// What that process was doing.
        what: &'static str,
        /// The process id of the supervisor.
        supervisor: u32,
    },
    /// The directory to delete is not a sandbox directory.
    #[error("`{}` is not a sandbox directory; nothing was deleted", directory.display())]
    NotASandbox {
        /// The directory.
        directory: PathBuf,
    },
    /// MongoDB's data exists without its passwords.
    #[error("the passwords for the database in `{}` are missing", directory.display())]
    PasswordsLost {
        /// The state directory.
        directory: PathBuf,
    },
    /// Creating certificates failed.
    #[error("cannot create certificates")]
    Certificates(#[from] rcgen::Error),
    /// The system returned no random numbers.
    #[error("cannot get random numbers")]
    Random(#[from] getrandom::Error),
    /// The user or a signal interrupted it.
    #[error("interrupted")]
    Interrupted,
}

impl SandboxError {
    /// The next step for the user, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Binaries(error) => Some(error.hint()),
            Self::Component { failure } => failure.hint(),
            Self::NoExecutable { .. } => Some(
                "build it with `cargo build --workspace`, or set `SANDBOX_EXE` to a `sandbox` executable"
                    .into(),
            ),
            Self::AlreadyRunning { .. } | Self::Busy { .. } => {
                Some("stop it with `just sandbox down`".into())
            }
            Self::Format { .. } | Self::PasswordsLost { .. } => {
                Some("start over with `just sandbox down --delete`, then `just sandbox up`".into())
            }
            Self::File { cause, .. } if cause.kind() == io::ErrorKind::StorageFull => {
                Some("free some space on that disk, then try again".into())
            }
            _ => None,
        }
    }

    /// Builds a `File` error, for `map_err`.
    pub(crate) fn file(attempted: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::File {
            attempted,
            path,
            cause,
        }
    }
}
