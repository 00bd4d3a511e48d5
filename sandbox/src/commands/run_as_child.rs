//! `sandbox run-as-child`: becomes another program that the kernel kills when its parent dies.

use std::{ffi::OsString, os::unix::process::CommandExt as _, process::ExitCode};

use anyhow::{Context as _, bail};

/// Arguments of `sandbox run-as-child`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The process that this one must not outlive.
    #[arg(long)]
    parent: i32,
    /// The program and its own arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tie_to_parent()?;
    // The parent may have died before the line above; then this process belongs to another one by now.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if parent != Some(arguments.parent) {
        bail!("the parent {} is gone", arguments.parent);
    }
    let [program, rest @ ..] = arguments.command.as_slice() else {
        bail!("no program was named")
    };
    let error = std::process::Command::new(program).args(rest).exec();
    Err(error).with_context(|| format!("cannot start `{}`", program.display()))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn tie_to_parent() -> anyhow::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot tie the process to its parent")
}

/// Elsewhere a supervisor that is killed by force leaves its children; every other end of it does not.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the other systems have nothing that can fail here"
)]
fn tie_to_parent() -> anyhow::Result<()> {
    Ok(())
}
