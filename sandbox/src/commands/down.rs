//! `sandbox down`: stops everything, and returns when no process is left.

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    SandboxError,
    directory::Directory,
    lock::{self, Holder},
    report,
};

/// Arguments of `sandbox down`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Removes the data, certificates and logs too.
    #[arg(long)]
    delete: bool,
}

/// Longer than the supervisor takes when every component has to be killed.
const PATIENCE: Duration = Duration::from_secs(40);
const INTERVAL: Duration = Duration::from_millis(30);

pub(crate) fn run(directory: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let directory = Directory::new(directory)?;
    let begun = Instant::now();
    if stop(&directory)? {
        report::line(format_args!(
            "The sandbox is stopped, in {:.1} s.",
            begun.elapsed().as_secs_f32()
        ));
    } else {
        report::line("The sandbox is not running.");
    }
    if arguments.delete {
        delete(&directory)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says whether there was something to stop.
fn stop(directory: &Directory) -> Result<bool, SandboxError> {
    let begun = Instant::now();
    let mut signalled = None;
    let mut signal = Signal::TERM;
    loop {
        let Holder::Supervisor(supervisor) = lock::holder(&directory.lock())? else {
            return Ok(signalled.is_some());
        };
        if signalled != Some((supervisor, signal)) && send(supervisor, signal) {
            signalled = Some((supervisor, signal));
        }
        if begun.elapsed() > PATIENCE * 2 {
            return Err(SandboxError::Busy {
                what: "the supervisor does not end",
                supervisor,
            });
        }
        if begun.elapsed() > PATIENCE {
            // Its children die with it.
            signal = Signal::KILL;
        }
        std::thread::sleep(INTERVAL);
    }
}

/// The id comes from a lock that is held, so it is the supervisor's; 0 while it has not been written.
fn send(supervisor: u32, signal: Signal) -> bool {
    let pid = i32::try_from(supervisor).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}

fn delete(directory: &Directory) -> Result<(), SandboxError> {
    let root = directory.root();
    if !root.exists() {
        return Ok(());
    }
    if !directory.lock().exists() && !directory.logs().exists() {
        return Err(SandboxError::NotASandbox {
            directory: root.to_path_buf(),
        });
    }
    std::fs::remove_dir_all(root).map_err(SandboxError::file("remove", root))?;
    report::line(format_args!("`{}` is removed.", root.display()));
    Ok(())
}
