//! `sandbox up`: starts the sandbox unless it is running.

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use crate::{
    SandboxError,
    binaries::Parts,
    component::Durability,
    directory::Directory,
    files,
    interrupt::Interrupt,
    launch, lock,
    report::{self, Progress},
    state::{Phase, State},
};

/// How long to wait for another `up` or `down` on the same directory.
const TIMEOUT: Duration = Duration::from_mins(2);
const INTERVAL: Duration = Duration::from_millis(50);

pub(crate) fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let directory = Directory::new(directory)?;
    let begun = Instant::now();
    match start(&directory, &Interrupt::listen())? {
        Started::New(state) => {
            report::line(format_args!(
                "The sandbox is ready after {:.1} s.",
                begun.elapsed().as_secs_f32()
            ));
            report::print_summary(&directory, &state);
        }
        Started::AlreadyRunning(state) => {
            report::line("The sandbox is already running.");
            report::print_summary(&directory, &state);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A ready sandbox, new or not.
pub(crate) enum Started {
    New(State),
    AlreadyRunning(State),
}

/// Starts the sandbox of a directory unless it is running, and leaves it running.
pub(crate) fn start(directory: &Directory, interrupt: &Interrupt) -> Result<Started, SandboxError> {
    let progress = Progress::start();
    if let Some(state) = running(directory, &progress, interrupt)? {
        return Ok(Started::AlreadyRunning(state));
    }
    let parts = Parts {
        control_plane: true,
        mongodb: true,
    };
    let (supervisor, state) = launch::start(directory, parts, Durability::Persistent, &progress, interrupt)?;
    supervisor.detach()?;
    Ok(Started::New(state))
}

/// Returns the state of a ready sandbox, after waiting for another command that starts or stops it.
fn running(
    directory: &Directory,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Option<State>, SandboxError> {
    let begun = Instant::now();
    while let Some(supervisor) = lock::holder(&directory.lock())? {
        match files::read_json::<State>(&directory.state())? {
            Some(state) if state.phase == Phase::Ready => return Ok(Some(state)),
            Some(state) if state.phase == Phase::Starting => {
                progress.detail("waiting for another `up` on this directory");
            }
            _ => progress.detail("waiting for the previous sandbox to stop"),
        }
        if interrupt.is_raised() {
            return Err(SandboxError::Interrupted);
        }
        if begun.elapsed() > TIMEOUT {
            return Err(SandboxError::Busy {
                what: "another command has been starting or stopping the sandbox for two minutes",
                supervisor,
            });
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(None)
}
