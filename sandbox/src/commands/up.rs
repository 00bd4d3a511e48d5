//! `sandbox up`: starts everything, or finds it running.

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
    launch,
    lock::{self, Holder},
    report::{self, Progress},
    state::{Phase, State},
};

/// How long another `up` or `down` on the same directory may take until this one gives up.
const PATIENCE: Duration = Duration::from_mins(2);
const INTERVAL: Duration = Duration::from_millis(50);

pub(crate) fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let directory = Directory::new(directory)?;
    let begun = Instant::now();
    match start(&directory, &Interrupt::listen())? {
        Started::Now(state) => {
            report::line(format_args!(
                "The sandbox is ready, {:.1} s after its start.",
                begun.elapsed().as_secs_f32()
            ));
            report::print_summary(&directory, &state);
        }
        Started::Before(state) => {
            report::line("The sandbox is running already.");
            report::print_summary(&directory, &state);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether this call has started the sandbox.
pub(crate) enum Started {
    Now(State),
    Before(State),
}

/// Starts the sandbox of a directory unless it runs, and leaves it running.
pub(crate) fn start(directory: &Directory, interrupt: &Interrupt) -> Result<Started, SandboxError> {
    let progress = Progress::start();
    if let Some(state) = running(directory, &progress, interrupt)? {
        return Ok(Started::Before(state));
    }
    let parts = Parts {
        control_plane: true,
        mongodb: true,
    };
    let (supervisor, state) = launch::start(directory, parts, Durability::Persistent, &progress, interrupt)?;
    supervisor.detach()?;
    Ok(Started::Now(state))
}

/// The state of a sandbox that is ready; waits for one that another command starts or stops.
fn running(
    directory: &Directory,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Option<State>, SandboxError> {
    let begun = Instant::now();
    while let Holder::Supervisor(supervisor) = lock::holder(&directory.lock())? {
        match files::read_json::<State>(&directory.state())? {
            Some(state) if state.phase == Phase::Ready => return Ok(Some(state)),
            Some(state) if state.phase == Phase::Starting => {
                progress.detail("waiting for another `up` on this directory");
            }
            _ => progress.detail("waiting for the previous sandbox to end"),
        }
        if interrupt.is_raised() {
            return Err(SandboxError::Interrupted);
        }
        if begun.elapsed() > PATIENCE {
            return Err(SandboxError::Busy {
                what: "another command has been starting or stopping it for two minutes",
                supervisor,
            });
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(None)
}
