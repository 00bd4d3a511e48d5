//! The command line, and the exit status of every outcome.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{SandboxError, commands, report};

/// A real Kubernetes control plane and a real MongoDB as plain processes.
///
/// Exit status: 0 done, 1 failed, 3 not running (`status`), 64 wrong usage, 130 interrupted.
#[derive(Parser)]
#[command(name = "sandbox", version)]
struct Arguments {
    /// The directory that holds the data, certificates, logs and the kubeconfig.
    #[arg(long, global = true, default_value = ".sandbox", value_name = "PATH")]
    directory: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything, and returns when it is ready.
    Up,
    /// Stops everything; the data is kept.
    Down(commands::down::Arguments),
    /// Says what runs; exit status 3 when nothing does.
    Status,
    /// Builds or finds the executables, and starts nothing.
    Binaries,
    /// Shows all of it: the sandbox, `infra` on it, and the data API on a real MongoDB.
    Demo,
    #[command(hide = true)]
    Supervise(commands::supervise::Arguments),
    #[command(hide = true)]
    RunAsChild(commands::run_as_child::Arguments),
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _reader_gone = error.print();
            // clap's own status for wrong usage is 2, which means something else in this project.
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    let directory = &arguments.directory;
    let outcome = match arguments.command {
        Command::Up => commands::up::run(directory),
        Command::Down(down) => commands::down::run(directory, &down),
        Command::Status => commands::status::run(directory),
        Command::Binaries => commands::binaries::run(),
        Command::Demo => commands::demo::run(directory),
        Command::Supervise(supervise) => commands::supervise::run(directory, supervise),
        Command::RunAsChild(child) => commands::run_as_child::run(&child),
    };
    outcome.unwrap_or_else(|error| {
        report::error(format_args!("{error:#}"), commands::hint(&error));
        let interrupted = matches!(error.downcast_ref(), Some(SandboxError::Interrupted));
        ExitCode::from(if interrupted { 130 } else { 1 })
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
