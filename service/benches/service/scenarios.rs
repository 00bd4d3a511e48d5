//! Runs the scenarios in order; within a scenario the programs take turns.

mod documents;
mod lists;
mod quota;
mod small;
mod start;

use anyhow::Result;

use crate::rows::{Measured, Row};
use crate::setup::Setup;
use crate::{Options, report};

pub(crate) use lists::{at_once, list_of};
pub(crate) use quota::{FOUR_THREADS, ONE_THREAD};
pub(crate) use small::{GREET, INSERT, LIST};
pub(crate) use start::{BINARY, FIRST_ANSWER, IDLE};

/// A figure's name: probe latency during sixteen large lists.
pub(crate) const PROBES: &str = "`/livez` beside sixteen lists, p99";

/// Runs the selected scenarios.
pub(crate) async fn run(setup: &Setup, options: &Options) -> Result<Measured> {
    let mut measured = Measured::default();
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.contains(only));
    if wanted("start") {
        start::run(setup, options, &mut measured)?;
    }
    if wanted("small") {
        small::run(setup, options, &mut measured).await?;
    }
    if wanted("lists") {
        lists::run(setup, options, &mut measured).await?;
    }
    if wanted("quota") {
        quota::run(setup, options, &mut measured).await?;
    }
    Ok(measured)
}

/// Adds a row, and reports it.
fn add(measured: &mut Measured, row: Row) {
    report::say(&report::short(&row));
    measured.rows.push(row);
}
