//! What a sandbox is doing, as its supervisor writes it for `status` and the next `up`.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{component::Component, ports::Ports};

/// The content of `state.json`; no password stands in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) ports: Ports,
    pub(crate) processes: Vec<Process>,
    /// Why it is not running any more.
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

/// Why something did not start, or died.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// What was attempted or happened, as a sentence without its end.
    pub(crate) what: String,
    pub(crate) log: Option<PathBuf>,
    pub(crate) last_lines: Vec<String>,
    /// The next step, where the cause is known.
    pub(crate) advice: Option<String>,
}

impl State {
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
                .map(|log| format!("more stands in `{}`", log.display()))
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
