//! Finds the executables of this workspace. The library needs `sandbox` too, as its supervisor.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::SandboxError;

/// The name of the supervisor's executable.
const NAME: &str = "sandbox";

/// Finds the `sandbox` executable: `SANDBOX_EXE`, or the one in the directory of the running executable or test.
pub(crate) fn find() -> Result<PathBuf, SandboxError> {
    if let Some(named) = env::var_os("SANDBOX_EXE") {
        return existing(PathBuf::from(named));
    }
    sibling(NAME)
}

/// Finds an executable of this workspace in the directory of the running one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf, SandboxError> {
    let current = env::current_exe().map_err(SandboxError::file("find", Path::new(NAME)))?;
    existing(beside(&current, name))
}

/// Maps both `target/debug/deps/some_test-0123` and `target/debug/infra` to `target/debug/NAME`.
fn beside(current: &Path, name: &str) -> PathBuf {
    let mut directory = current.parent().unwrap_or(Path::new("."));
    if matches!(
        directory.file_name().and_then(|name| name.to_str()),
        Some("deps" | "examples")
    ) {
        directory = directory.parent().unwrap_or(directory);
    }
    directory.join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

fn existing(path: PathBuf) -> Result<PathBuf, SandboxError> {
    if path.is_file() {
        Ok(path)
    } else {
        Err(SandboxError::NoExecutable { path })
    }
}

/// The running executable; on Linux it can start even if a newer build has replaced its file.
pub(crate) fn running() -> Result<PathBuf, SandboxError> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    env::current_exe().map_err(SandboxError::file("find", Path::new(NAME)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(current: &str, expected: &str) {
        assert_eq!(beside(Path::new(current), "sandbox"), Path::new(expected));
    }

    #[test]
    fn a_test_finds_it_in_the_parent_directory() {
        check("target/debug/deps/cluster-0123", "target/debug/sandbox");
    }

    #[test]
    fn another_executable_finds_it_beside_itself() {
        check("target/release/infra", "target/release/sandbox");
    }
}
