//! Reads the command line, runs the command, prints how it ended.

use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::CommandFactory as _;
use clap::Parser as _;
use clap::error::ErrorKind;
use clap_complete::CompleteEnv;
use infra::cli::{Cli, Color, Command, Output};
use infra::commands::{self, Context, Exit, Failure, Interrupts};
use infra::environment::EnvironmentError;
use infra::report::{Format, Report, Verbosity};

fn main() -> ExitCode {
    // Ends here when a shell asks how to go on: `source <(COMPLETE=bash infra)`.
    CompleteEnv::with_factory(Cli::command).complete();
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
    let Cli { command, global } = cli;
    let context = Arc::new(Context {
        global,
        report: Report::new(format(&command), colour, verbosity),
        interrupts: Interrupts::default(),
    });
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            context
                .report
                .error(&format!("the program cannot start: {error}"), None);
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let exit = runtime.block_on(run(&command, &context));
    context.report.end_progress();
    if let Some(error) = context.report.lost() {
        context
            .report
            .error(&format!("the result could not be printed: {error}"), None);
        return ExitCode::from(Exit::Failed.code());
    }
    ExitCode::from(exit.code())
}

/// For whom the result is: what only looks is one document, an apply happens line by line.
fn format(command: &Command) -> Format {
    match command {
        Command::Plan(args) if args.output.output == Output::Json => Format::Document,
        Command::Diff(args) if args.output.output == Output::Json => Format::Document,
        Command::Status(args) if args.output.output == Output::Json => Format::Document,
        Command::Apply(args) if args.output.output == Output::Json => Format::Lines,
        Command::Destroy(args) if args.output.output == Output::Json => Format::Lines,
        _ => Format::Text,
    }
}

/// Runs the command until it ends, or until somebody wants it to.
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
