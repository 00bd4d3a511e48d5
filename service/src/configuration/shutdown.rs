//! The shutdown.

use std::time::Duration;

use super::{ConfigurationError, Variables};

/// The phases of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// `DRAIN_SECONDS`, default 5: from "not ready" to closing the listener, so that load balancers can react.
    pub drain: Duration,
    /// `GRACE_SECONDS`, default 30: how long requests in flight may take afterwards. The pod's termination grace period
    /// must exceed both together.
    pub grace: Duration,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(30),
        }
    }
}

impl Shutdown {
    pub(super) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let default = Self::default();
        Ok(Self {
            drain: variables.seconds("DRAIN_SECONDS", default.drain)?,
            grace: variables.seconds("GRACE_SECONDS", default.grace)?,
        })
    }
}
