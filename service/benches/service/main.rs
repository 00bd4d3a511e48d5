//! `just bench service`: compares the data API with bare servers, the bare driver and the sample's program.
//!
//! Every response is checked while it is counted; a wrong one ends the run.

mod baselines;
mod flask;
mod load;
mod process;
mod programs;
mod report;
mod rows;
mod scenarios;
mod setup;

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use setup::Setup;

/// The command line.
pub(crate) struct Options {
    /// Measurements per program.
    pub(crate) runs: usize,
    /// Seconds of load per measurement.
    pub(crate) seconds: u64,
    /// Documents in the largest collection.
    pub(crate) documents: usize,
    /// Whether to omit the sample's program.
    pub(crate) without_flask: bool,
    /// Whether to update `BENCHMARKS.md`.
    pub(crate) write: bool,
    /// Run only scenarios whose name contains this.
    pub(crate) only: Option<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("baseline") {
        return baselines::run(&arguments.collect::<Vec<_>>());
    }
    let options = options()?;
    // One thread, to leave the other core to the measured program.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let setup = Setup::prepare(&options)?;
    let rows = runtime.block_on(scenarios::run(&setup, &options))?;
    report::result(&rows, &options)
}

fn options() -> Result<Options> {
    let mut options = Options {
        runs: 5,
        seconds: 2,
        documents: 1_000_000,
        without_flask: false,
        write: false,
        only: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("`{argument}` needs a value"))
        };
        match argument.as_str() {
            "--runs" => options.runs = value()?.parse().context("`--runs`")?,
            "--seconds" => options.seconds = value()?.parse().context("`--seconds`")?,
            "--documents" => options.documents = value()?.parse().context("`--documents`")?,
            "--only" => options.only = Some(value()?),
            "--without-flask" => options.without_flask = true,
            "--write" => options.write = true,
            // Passed by cargo.
            "--bench" => {}
            other => anyhow::bail!(
                "unknown option `{other}`; use --runs N, --seconds N, --documents N, --only NAME, --without-flask or --write"
            ),
        }
    }
    Ok(options)
}
