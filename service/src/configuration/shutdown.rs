//! How the service stops.

use std::time::Duration;

use super::{ConfigurationError, Variables};

/// The steps of a stop: not ready any more, then closed, then ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// `DRAIN_SECONDS`, default 5: between "not ready" and the end of accepting, so that load balancers can look
    /// elsewhere.
    pub drain: Duration,
    /// `GRACE_SECONDS`, default 30: how long requests in flight may take then. Kubernetes must wait longer than this
    /// and `drain` together.
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
