//! Turns the text of an environment file and variables into an `Environment`, or into all of its
//! faults. Pure.

use std::path::{Path, PathBuf};

use super::error::EnvironmentError;
use super::fault::Faults;
use super::names::EnvironmentName;
use super::reader::Reader;
use super::settings::Environment;
use super::{file, validate, variables};

/// Parses the text of the environment file at `file`, overridden by variables.
///
/// # Errors
/// When the name is not an environment's, or the text or a variable is not valid. All faults are in
/// one error.
pub fn parse(
    name: &str,
    file: &Path,
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Environment, EnvironmentError> {
    let name = name_of(name)?;
    let refuse = |faults| EnvironmentError::Faulty(Box::new(Faults::new(file, text, faults)));
    let content = file::read(text).map_err(|fault| refuse(vec![fault]))?;
    let mut reader = Reader::new(content, variables::read(variables));
    let environment = validate::environment(&mut reader, name, &project_of(file));
    match (environment, reader.into_faults()) {
        (Some(environment), faults) if faults.is_empty() => Ok(environment),
        (_, faults) => Err(refuse(faults)),
    }
}

pub(super) fn name_of(name: &str) -> Result<EnvironmentName, EnvironmentError> {
    name.parse().map_err(|source| EnvironmentError::InvalidName {
        name: name.to_owned(),
        source,
    })
}

/// Returns the directory above the directory of environment files.
fn project_of(file: &Path) -> PathBuf {
    let directory = file.parent().unwrap_or(Path::new(""));
    match (directory.file_name(), directory.parent()) {
        (Some(_), Some(project)) => project.to_owned(),
        // `.` and `..` have no name to take off.
        _ => directory.join(".."),
    }
}
