//! The shared setup: a real MongoDB, and the sample's program if it is installed.

use anyhow::{Context as _, Result};
use sandbox::Sandbox;

use crate::flask::Flask;
use crate::{Options, report};

/// The setup of all scenarios.
pub(crate) struct Setup {
    mongodb: Sandbox,
    /// `None` if omitted.
    pub(crate) flask: Option<Flask>,
}

impl Setup {
    pub(crate) fn prepare(options: &Options) -> Result<Self> {
        let flask = if options.without_flask {
            None
        } else {
            let hint = "cannot install the sample's program; `--without-flask` omits it";
            Some(Flask::install().context(hint)?)
        };
        report::say("starting MongoDB");
        let mongodb = Sandbox::start(&sandbox::Options {
            control_plane: false,
            mongodb: true,
            directory: None,
        })?;
        Ok(Self { mongodb, flask })
    }

    /// Returns the connection string of the application's user, whose rights are limited to `flask_db`.
    pub(crate) fn uri(&self) -> String {
        self.mongodb.mongodb_uri()
    }

    pub(crate) fn mongodb_pid(&self) -> u32 {
        self.mongodb.mongodb_pid()
    }
}
