//! What is measured, one after the other; within a scenario the programs take turns.

mod documents;
mod lists;
mod quota;
mod small;
mod start;

use anyhow::Result;

use crate::rows::{Measured, Row};
use crate::setting::Setting;
use crate::{Options, report};

pub(crate) use lists::{at_once, list_of};
pub(crate) use quota::{FOUR_THREADS, ONE_THREAD};
pub(crate) use small::{GREET, INSERT, LIST};
pub(crate) use start::{BINARY, FIRST_ANSWER, IDLE};

/// The name of a figure: how slow probes were while sixteen large lists were sent.
pub(crate) const PROBES: &str = "`/livez` beside sixteen lists, p99";

/// Runs all that is asked for.
pub(crate) async fn run(setting: &Setting, options: &Options) -> Result<Measured> {
    let mut measured = Measured::default();
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.contains(only));
    if wanted("start") {
        start::run(setting, options, &mut measured)?;
    }
    if wanted("small") {
        small::run(setting, options, &mut measured).await?;
    }
    if wanted("lists") {
        lists::run(setting, options, &mut measured).await?;
    }
    if wanted("quota") {
        quota::run(setting, options, &mut measured).await?;
    }
    Ok(measured)
}

/// Adds a row and says how it went.
fn add(measured: &mut Measured, row: Row) {
    report::say(&report::short(&row));
    measured.rows.push(row);
}
