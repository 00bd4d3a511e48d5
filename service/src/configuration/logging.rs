//! The log.

use tracing::level_filters::LevelFilter;

use super::{ConfigurationError, Variables};

/// The log's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `LOG_LEVEL`, default `info`: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: LevelFilter,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            level: LevelFilter::INFO,
        }
    }
}

impl Logging {
    pub(super) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let levels = "one of `error`, `warn`, `info`, `debug` and `trace`";
        Ok(Self {
            level: variables
                .parse("LOG_LEVEL", levels)?
                .unwrap_or(Self::default().level),
        })
    }
}
