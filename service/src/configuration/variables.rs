//! Environment variables, supplemented by the file `.env`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::{ConfigurationError, DotenvError, dotenv};

/// Variables by name. The process's environment is never modified.
#[derive(Clone, Default)]
pub struct Variables(HashMap<OsString, OsString>);

impl Variables {
    /// Reads the environment and, if it exists, the `.env` of `directory`; the environment wins.
    pub(crate) fn load(directory: &Path) -> Result<Self, DotenvError> {
        let mut variables = Self::default();
        for (name, value) in dotenv::read(&directory.join(".env"))? {
            variables.0.insert(name.into(), value.into());
        }
        variables.0.extend(std::env::vars_os());
        Ok(variables)
    }

    /// Returns a variable's value, or `None` if it is not set.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, ConfigurationError> {
        let Some(value) = self.0.get(std::ffi::OsStr::new(name)) else {
            return Ok(None);
        };
        match value.to_str() {
            None => Err(ConfigurationError::NotText { name }),
            Some("") => Err(ConfigurationError::Empty { name }),
            Some(value) => Ok(Some(value.to_owned())),
        }
    }

    /// Parses a variable that is not secret; an error quotes its value.
    pub(super) fn parse<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigurationError> {
        self.text(name)?
            .map(|value| {
                value.parse().map_err(|_| ConfigurationError::Value {
                    name,
                    value,
                    expected,
                })
            })
            .transpose()
    }

    /// Parses a whole number of seconds.
    pub(super) fn seconds(
        &self,
        name: &'static str,
        default: Duration,
    ) -> Result<Duration, ConfigurationError> {
        let seconds = self.parse(name, "a number of seconds such as `5`")?;
        Ok(seconds.map_or(default, Duration::from_secs))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Variables {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}
