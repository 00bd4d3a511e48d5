//! The command line and its exit statuses.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{SandboxError, commands, report};

/// A real Kubernetes control plane and a real MongoDB as plain processes.
///
/// Exit status: 0 success, 1 failure, 3 not running (`status`), 64 usage error, 130 interrupted.
#[derive(Parser)]
#[command(name = "sandbox", version)]
struct Arguments {
    /// Directory for data, certificates, logs and the kubeconfig.
    #[arg(long, global = true, default_value = ".sandbox", value_name = "PATH")]
    directory: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the sandbox and wait until it is ready.
    Up,
    /// Stop the sandbox and keep its data.
    Down(commands::down::Arguments),
    /// Show the running processes; exit with 3 if the sandbox is not running.
    Status,
    /// Find or build the executables, without starting them.
    Binaries,
    /// Start the sandbox, apply an environment to it, and send requests to the data API.
    Demo,
    #[command(hide = true)]
    Supervise(commands::supervise::Arguments),
    #[command(hide = true)]
    RunAsChild(commands::run_as_child::Arguments),
}

/// Parses the command line of this process and runs the command.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _reader_gone = error.print();
            // clap exits with 2 on usage errors, which means "changes pending" in this project.
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
