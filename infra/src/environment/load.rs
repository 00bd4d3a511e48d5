//! Reads environment files and variables: the only part of `environment` that touches the system.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::error::EnvironmentError;
use super::names::EnvironmentName;
use super::parse::{name_of, parse};
use super::settings::Environment;
use super::variables::PREFIX;

impl Environment {
    /// Loads `NAME.toml` from a directory, overridden by the `INFRA_…` variables of this process.
    ///
    /// # Errors
    /// When there is no such file, or it is not valid. All faults of the file are in one error.
    pub fn load(directory: &Path, name: &str) -> Result<Self, EnvironmentError> {
        let environment_name = name_of(name)?;
        let file = directory.join(format!("{environment_name}.toml"));
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(unknown(directory, environment_name)),
            Err(source) => return Err(EnvironmentError::UnreadableFile { file, source }),
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.split(|byte| *byte == b'\n').count();
                return Err(EnvironmentError::FileNotText { file, line });
            }
        };
        parse(name, &file, &text, variables()?)
    }
}

/// Lists the environments of a directory, sorted.
///
/// # Errors
/// When the directory cannot be listed.
pub fn names(directory: &Path) -> io::Result<Vec<EnvironmentName>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.file_name();
        let stem = file.to_str().and_then(|file| file.strip_suffix(".toml"));
        names.extend(stem.and_then(|stem| stem.parse::<EnvironmentName>().ok()));
    }
    names.sort();
    Ok(names)
}

fn unknown(directory: &Path, name: EnvironmentName) -> EnvironmentError {
    let directory = directory.to_owned();
    match names(&directory) {
        Ok(known) => EnvironmentError::UnknownEnvironment { name, directory, known },
        Err(source) => EnvironmentError::UnreadableDirectory { directory, source },
    }
}

fn variables() -> Result<Vec<(String, String)>, EnvironmentError> {
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX));
    ours.map(|(name, value)| match (name.into_string(), value.into_string()) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        (Ok(variable), Err(_)) => Err(EnvironmentError::VariableNotText { variable }),
        (Err(name), _) => Err(EnvironmentError::VariableNotText { variable: name.to_string_lossy().into_owned() }),
    })
    .collect()
}
