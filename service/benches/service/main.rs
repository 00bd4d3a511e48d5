//! `just bench service`: what the data API costs, against a bare server, the bare driver and the sample's program.
//!
//! Every answer is checked while it is counted: a fast answer that is wrong ends the run.

mod flask;
mod floors;
mod load;
mod process;
mod programs;
mod report;
mod rows;
mod scenarios;
mod setting;

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use setting::Setting;

/// What the command line says.
pub(crate) struct Options {
    /// How often each program is measured.
    pub(crate) runs: usize,
    /// Seconds of load in each run.
    pub(crate) seconds: u64,
    /// Documents in the largest collection.
    pub(crate) documents: usize,
    /// Whether the sample's program is left out.
    pub(crate) without_flask: bool,
    /// Whether the result goes into `BENCHMARKS.md`.
    pub(crate) write: bool,
    /// Only scenarios whose name contains this.
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
    if arguments.next().as_deref() == Some("floor") {
        return floors::run(&arguments.collect::<Vec<_>>());
    }
    let options = options()?;
    // Two threads as the machine has two cores: the load must not be what is measured.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let setting = Setting::prepare(&options)?;
    let rows = runtime.block_on(scenarios::run(&setting, &options))?;
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
            // Given by cargo.
            "--bench" => {}
            other => anyhow::bail!(
                "`{other}` is not known; there are --runs N, --seconds N, --documents N, --only NAME, --without-flask and --write"
            ),
        }
    }
    Ok(options)
}
