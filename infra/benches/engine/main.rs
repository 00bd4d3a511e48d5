//! `just bench engine`: measures how fast the engine plans and applies, compared with floors and other programs.
//!
//! Every run is checked: a plan that misses drift, or an apply that is incomplete, gets no score.

mod calls;
mod child;
mod drift;
mod driver;
mod engine;
#[path = "../../tests/generated/mod.rs"]
mod generated;
mod http;
mod measure;
mod peers;
mod place;
mod relay;
mod report;
mod rows;
mod task;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

use rows::Scenario;

/// Measures the engine against floors and against kubectl and kapp.
#[derive(Debug, Parser)]
#[command(name = "engine")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Options {
    /// Numbers of objects
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 1_000, 10_000])]
    pub(crate) sizes: Vec<usize>,
    /// Runs of each measurement
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: usize,
    /// What is measured
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Scenario::ALL)]
    pub(crate) scenarios: Vec<Scenario>,
    /// Leaves kubectl and kapp out
    #[arg(long)]
    pub(crate) without_peers: bool,
    /// Leaves the round trip of 20 ms out
    #[arg(long)]
    pub(crate) without_delay: bool,
    /// Writes the result into BENCHMARKS.md
    #[arg(long)]
    pub(crate) write: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("child") {
        let task = arguments.next().context("a task")?;
        // As in the product.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let answer = runtime.block_on(child::run(&serde_json::from_str(&task)?))?;
        report::answer(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rows = runtime.block_on(driver::run(&options))?;
    report::result(&rows, &options)?;
    Ok(if rows.iter().all(|row| row.faults.is_empty()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
