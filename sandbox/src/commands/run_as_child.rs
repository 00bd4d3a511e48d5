//! `sandbox run-as-child`: executes a program that the kernel kills when its parent exits.

use std::{ffi::OsString, os::unix::process::CommandExt as _, process::ExitCode};

use anyhow::{Context as _, bail};

/// Arguments of `sandbox run-as-child`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The process id of the parent.
    #[arg(long)]
    parent: i32,
    /// The program and its own arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    exit_with_parent()?;
    // If the parent exited before the line above, this process has a new parent by now.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if parent != Some(arguments.parent) {
        bail!("the parent {} has exited", arguments.parent);
    }
    let [program, rest @ ..] = arguments.command.as_slice() else {
        bail!("no program given")
    };
    let error = std::process::Command::new(program).args(rest).exec();
    Err(error).with_context(|| format!("cannot start `{}`", program.display()))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn exit_with_parent() -> anyhow::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot tie the process to its parent")
}

/// Other systems have no parent death signal: there, a supervisor that is killed with SIGKILL leaves its children behind.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "has the signature of the Linux version, which can fail"
)]
fn exit_with_parent() -> anyhow::Result<()> {
    Ok(())
}
