//! `sandbox down`: stops the sandbox and waits until every process has exited.

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{SandboxError, directory::Directory, lock, report};

/// Arguments of `sandbox down`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also delete the data, certificates and logs.
    #[arg(long)]
    delete: bool,
}

/// Longer than the supervisor needs even if it has to kill every component.
const TIMEOUT: Duration = Duration::from_secs(40);
const INTERVAL: Duration = Duration::from_millis(30);

pub(crate) fn run(directory: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let directory = Directory::new(directory)?;
    let begun = Instant::now();
    if stop(&directory)? {
        report::line(format_args!(
            "The sandbox stopped in {:.1} s.",
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

/// Returns whether a sandbox was running.
fn stop(directory: &Directory) -> Result<bool, SandboxError> {
    let begun = Instant::now();
    let mut signalled = None;
    let mut signal = Signal::TERM;
    loop {
        let Some(supervisor) = lock::holder(&directory.lock())? else {
            return Ok(signalled.is_some());
        };
        if signalled != Some((supervisor, signal)) && send(supervisor, signal) {
            signalled = Some((supervisor, signal));
        }
        if begun.elapsed() > TIMEOUT * 2 {
            return Err(SandboxError::Busy {
                what: "the supervisor does not exit",
                supervisor,
            });
        }
        if begun.elapsed() > TIMEOUT {
            // The kernel then kills its children too.
            signal = Signal::KILL;
        }
        std::thread::sleep(INTERVAL);
    }
}

/// Signals the supervisor. Its lock is held, so no other process has its id; 0 means not written yet.
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
    report::line(format_args!("Deleted `{}`.", root.display()));
    Ok(())
}
