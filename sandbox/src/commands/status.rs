//! `sandbox status`: what runs, or why it does not.

use std::{path::Path, process::ExitCode};

use crate::{
    directory::Directory,
    files,
    lock::{self, Holder},
    report,
    state::{Phase, State},
};

/// The exit status for a sandbox that is not, or not yet, running.
const NOT_RUNNING: u8 = 3;

pub(crate) fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let directory = Directory::new(directory)?;
    let holder = lock::holder(&directory.lock())?;
    let state: Option<State> = files::read_json(&directory.state())?;
    match (holder, state) {
        (Holder::Supervisor(supervisor), Some(state)) => {
            let phase = match state.phase {
                Phase::Ready => "running",
                Phase::Starting => "starting",
                Phase::Stopping | Phase::Stopped => "stopping",
            };
            report::line(format_args!("The sandbox is {phase} (supervisor {supervisor})."));
            report::print_status(&state);
            Ok(if state.phase == Phase::Ready {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(NOT_RUNNING)
            })
        }
        (Holder::Supervisor(supervisor), None) => {
            report::line(format_args!("The sandbox is starting (supervisor {supervisor})."));
            Ok(ExitCode::from(NOT_RUNNING))
        }
        (Holder::Nobody, state) => {
            report::line("The sandbox is not running.");
            match state {
                Some(State {
                    failure: Some(failure),
                    ..
                }) => report::error(&failure, failure.hint()),
                Some(State {
                    phase: Phase::Ready | Phase::Starting | Phase::Stopping,
                    ..
                }) => {
                    report::note("Its supervisor was killed, and everything with it.");
                }
                _ => {}
            }
            Ok(ExitCode::from(NOT_RUNNING))
        }
    }
}
