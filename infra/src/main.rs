//! Parses the command line, runs the command, and exits with its code.

use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::CommandFactory as _;
use clap::error::ErrorKind;
use clap_complete::CompleteEnv;
use infra::cli::{Cli, Color, Command};
use infra::commands::{self, Context, Exit, Failure, Interrupts};
use infra::environment::EnvironmentError;
use infra::report::{Report, Verbosity};

fn main() -> ExitCode {
    // Exits here if a shell asks for completions: `source <(COMPLETE=bash infra)`.
    CompleteEnv::with_factory(Cli::command).complete();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version arrive as errors too; clap prints them to standard output.
            let _ = error.print();
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let exit = if is_help { Exit::Done } else { Exit::Usage };
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
    let Cli { command, global } = cli;
    let context = Arc::new(Context {
        global,
        report: Report::new(commands::format(&command), colour, verbosity),
        interrupts: Interrupts::default(),
    });
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            context
                .report
                .error(&format!("cannot start the asynchronous runtime: {error}"), None);
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let exit = runtime.block_on(run(&command, &context));
    context.report.end_progress();
    if let Some(error) = context.report.lost() {
        context
            .report
            .error(&format!("cannot print the result: {error}"), None);
        return ExitCode::from(Exit::Failed.code());
    }
    ExitCode::from(exit.code())
}

/// Runs the command until it ends or is interrupted.
async fn run(command: &Command, context: &Arc<Context>) -> Exit {
    let result = tokio::select! {
        result = commands::run(command, context) => result,
        exit = context.interrupts.wanted(&context.report) => {
            context.report.ending(exit.word(), exit.code(), None);
            return exit;
        }
    };
    match result {
        Ok(exit) => {
            context.report.ending(exit.word(), exit.code(), None);
            exit
        }
        Err(failure) => {
            print(&failure, &context.report);
            let error = failure.to_string();
            context
                .report
                .ending(failure.exit.word(), failure.exit.code(), Some(&error));
            failure.exit
        }
    }
}

fn print(failure: &Failure, report: &Report) {
    match failure.error.downcast_ref::<EnvironmentError>() {
        Some(error) => report.laid_out(&error.render(), &error.render_coloured()),
        None => report.error(&failure.to_string(), failure.hint.as_deref()),
    }
}
