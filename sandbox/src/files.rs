//! Private files, written atomically.

use std::{
    fs::{DirBuilder, File},
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use crate::SandboxError;

/// Writes a file with mode 0600 atomically: a reader sees the old or the new content.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), SandboxError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(content)?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map_err(SandboxError::file("write", path))?;
    Ok(())
}

/// Creates a directory with its parents, with mode 0700.
pub(crate) fn create_private_directory(path: &Path) -> Result<(), SandboxError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(SandboxError::file("create", path))
}

/// Opens a log for appending.
pub(crate) fn append(path: &Path) -> Result<File, SandboxError> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(SandboxError::file("open", path))
}

/// Reads JSON; `None` if the file does not exist.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, SandboxError> {
    match std::fs::read(path) {
        Ok(content) => serde_json::from_slice(&content)
            .map(Some)
            .map_err(|cause| SandboxError::Format {
                path: path.to_path_buf(),
                cause,
            }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SandboxError::file("read", path)(error)),
    }
}

/// Writes JSON with mode 0600.
pub(crate) fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), SandboxError> {
    let mut content = serde_json::to_vec_pretty(value).map_err(|cause| SandboxError::Format {
        path: path.to_path_buf(),
        cause,
    })?;
    content.push(b'\n');
    write_private(path, &content)
}

/// Reads the last non-blank lines of a log; none if it is unreadable.
pub(crate) fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let content = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..]
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Renames the previous log, so that the next write starts a new one.
pub(crate) fn rotate_log(path: &Path) -> Result<(), SandboxError> {
    match std::fs::rename(path, path.with_extension("previous.log")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SandboxError::file("rename", path)(error))
        }
        _ => Ok(()),
    }
}
