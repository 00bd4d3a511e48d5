//! `sandbox status`: shows the running processes, or why the sandbox is not running.

use std::{path::Path, process::ExitCode};

use crate::{
    directory::Directory,
    files, lock, report,
    state::{Phase, State},
};

/// The exit status of a sandbox that is not ready.
const NOT_RUNNING: u8 = 3;

pub(crate) fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let directory = Directory::new(directory)?;
    let holder = lock::holder(&directory.lock())?;
    let state: Option<State> = files::read_json(&directory.state())?;
    match (holder, state) {
        (Some(supervisor), Some(state)) => {
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
        (Some(supervisor), None) => {
            report::line(format_args!("The sandbox is starting (supervisor {supervisor})."));
            Ok(ExitCode::from(NOT_RUNNING))
        }
        (None, state) => {
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
                    report::note("The supervisor was killed, and the kernel stopped all other processes.");
                }
                _ => {}
            }
            Ok(ExitCode::from(NOT_RUNNING))
        }
    }
}
