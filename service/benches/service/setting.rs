//! What all scenarios share: a real MongoDB, and the sample's program where it can be had.

use anyhow::{Context as _, Result};
use sandbox::Sandbox;

use crate::flask::Flask;
use crate::{Options, report};

/// What was prepared.
pub(crate) struct Setting {
    mongodb: Sandbox,
    /// `None` where it was left out.
    pub(crate) flask: Option<Flask>,
}

impl Setting {
    pub(crate) fn prepare(options: &Options) -> Result<Self> {
        let flask = if options.without_flask {
            None
        } else {
            let hint = "the sample's program cannot be installed; `--without-flask` leaves it out";
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

    /// The connection string of the application's user, who may use `flask_db` alone.
    pub(crate) fn uri(&self) -> String {
        self.mongodb.mongodb_uri()
    }

    /// The process of MongoDB.
    pub(crate) fn mongodb_pid(&self) -> u32 {
        self.mongodb.mongodb_pid()
    }
}
