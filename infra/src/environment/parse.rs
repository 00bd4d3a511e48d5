//! Parses the text of an environment file and the variables into an `Environment`, or into all faults. Pure.

use std::path::{Path, PathBuf};

use super::error::EnvironmentError;
use super::fault::{Concern, Faults};
use super::names::EnvironmentName;
use super::reader::Reader;
use super::settings::{Environment, Location};
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
    parse_location(name, file, text, variables)?.environment
}

/// The location of an environment, and the environment itself or its faults.
#[derive(Debug)]
pub struct Located {
    /// Where it is.
    pub location: Location,
    /// The whole environment, or every fault outside `[cluster]` and `[record]`.
    pub environment: Result<Environment, EnvironmentError>,
}

/// Parses the same as [`parse`], and tolerates faults outside `[cluster]` and `[record]`.
///
/// # Errors
/// When the name is not an environment's, the text is not TOML, or a fault leaves in doubt where the environment is or
/// whether it may be destroyed. All faults are in one error.
pub fn parse_location(
    name: &str,
    file: &Path,
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Located, EnvironmentError> {
    let name = name_of(name)?;
    let refuse = |faults| EnvironmentError::Faulty(Box::new(Faults::new(file, text, faults)));
    let mut content = file::read(text).map_err(|fault| refuse(vec![*fault]))?;
    let secret = content.secret.take();
    let mut reader = Reader::new(content, variables::read(variables));
    let (location, environment) = validate::environment(&mut reader, name, &project_of(file));
    let faults = reader.into_faults();
    let is_in_doubt = faults.iter().any(|fault| fault.concern == Concern::Location);
    // Beside a secret no other fault is shown: its line may hold the secret.
    let faults = secret.map_or(faults, |secret| vec![secret]);
    match (location, environment) {
        (Some(location), environment) if !is_in_doubt => Ok(Located {
            location,
            environment: environment
                .filter(|_| faults.is_empty())
                .ok_or_else(|| refuse(faults)),
        }),
        _ => Err(refuse(faults)),
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
