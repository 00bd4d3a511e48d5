//! The state of a sandbox, written by its supervisor for `status` and the next `up`.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{component::Component, ports::Ports};

/// The content of `state.json`, without passwords.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) ports: Ports,
    pub(crate) processes: Vec<Process>,
    /// Why it stopped.
    pub(crate) failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    Starting,
    Ready,
    Stopping,
    Stopped,
}

/// One running component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) component: Component,
    pub(crate) pid: u32,
    pub(crate) version: String,
    pub(crate) address: Option<String>,
}

/// Why a component did not start or exited.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// What happened, as a sentence without a full stop.
    pub(crate) what: String,
    pub(crate) log: Option<PathBuf>,
    pub(crate) last_lines: Vec<String>,
    /// The next step, if the cause is known.
    pub(crate) advice: Option<String>,
}

impl State {
    pub(crate) fn version(&self, component: Component) -> Option<&str> {
        self.processes
            .iter()
            .find(|process| process.component == component)
            .map(|process| process.version.as_str())
    }

    pub(crate) fn pid(&self, component: Component) -> Option<u32> {
        self.processes
            .iter()
            .find(|process| process.component == component)
            .map(|process| process.pid)
    }
}

impl Failure {
    pub(crate) fn hint(&self) -> Option<String> {
        self.advice.clone().or_else(|| {
            self.log
                .as_ref()
                .map(|log| format!("see the full log in `{}`", log.display()))
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)?;
        for line in &self.last_lines {
            write!(formatter, "\n  | {line}")?;
        }
        Ok(())
    }
}
