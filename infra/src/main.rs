//! Reads the command line, runs the command, prints how it ended.

use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::Parser as _;
use clap::error::ErrorKind;
use infra::cli::{Cli, Color};
use infra::commands::{self, Exit, Failure};
use infra::environment::EnvironmentError;
use infra::report::{Report, Verbosity};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; clap prints them, and errors, where they belong.
            let _ = error.print();
            let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let exit = if is_answer { Exit::Done } else { Exit::Usage };
            return ExitCode::from(exit.code());
        }
    };
    let colour = match cli.global.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let verbosity = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let report = Arc::new(Report::new(colour, verbosity));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report.error(&format!("the program cannot start: {error}"), None);
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let exit = runtime.block_on(run(cli, &report));
    ExitCode::from(exit.code())
}

/// Runs the command until it ends, or until somebody wants it to.
async fn run(cli: Cli, report: &Arc<Report>) -> Exit {
    let result = tokio::select! {
        result = commands::run(cli, report) => result,
        exit = infra::interrupt::wanted() => return exit,
    };
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            print(&failure, report);
            failure.exit
        }
    }
}

fn print(failure: &Failure, report: &Report) {
    match failure.error.downcast_ref::<EnvironmentError>() {
        Some(error) => report.laid_out(&error.render(), &error.render_in_colour()),
        None => report.error(&failure.to_string(), failure.hint.as_deref()),
    }
}
