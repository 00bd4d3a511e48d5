//! Resolves an environment that is given by name or path to its file.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::{Exit, Failure};
use crate::cli::Global;

/// `NAME.toml` in a directory. Neither is known to exist yet.
pub(super) struct EnvironmentFile {
    pub(super) directory: PathBuf,
    pub(super) name: String,
}

/// Treats an argument with a `/` or a `.toml` extension as a path, and any other as a name.
///
/// # Errors
/// If a path is outside the directory that `--environments` names.
pub(super) fn locate(name_or_path: &str, global: &Global) -> Result<EnvironmentFile, Failure> {
    let path = Path::new(name_or_path);
    let is_path = name_or_path.contains('/') || path.extension() == Some(OsStr::new("toml"));
    let (true, Some(file)) = (is_path, path.file_name()) else {
        return Ok(EnvironmentFile {
            directory: global.environments.clone(),
            name: name_or_path.to_owned(),
        });
    };
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    if global.is_directory_typed && !is_same(directory, &global.environments) {
        let error = anyhow!(
            "`{name_or_path}` is not in `{}`, the directory that --environments names",
            global.environments.display()
        );
        return Err(Failure::new(Exit::Usage, error)
            .with_hint("omit --environments, or give the environment by name"));
    }
    let file = file.to_string_lossy();
    Ok(EnvironmentFile {
        directory: directory.to_owned(),
        name: file.strip_suffix(".toml").unwrap_or(&file).to_owned(),
    })
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
