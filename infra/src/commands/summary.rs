//! Prints the last line of an apply or destroy and picks its exit code.

use std::fmt::Write as _;
use std::time::Instant;

use super::{Context, Exit};
use engine::apply::{ObjectError, RunSummary};
use engine::deployment::PlanMode;
use engine_core::plan::Plan;

/// Prints the last line and returns the exit.
pub(super) fn finish(
    summary: &RunSummary,
    plan: &Plan,
    mode: PlanMode,
    started: Instant,
    context: &Context,
) -> Exit {
    let report = &context.report;
    let seconds = started.elapsed().as_secs_f64();
    if mode == PlanMode::Destroy {
        report.kept(&plan.kept().collect::<Vec<_>>());
    }
    let good = summary.is_complete();
    let mut numbers = match mode {
        PlanMode::Apply => format!(
            "{} created, {} changed, {} replaced, {} deleted, {} unchanged",
            summary.created, summary.changed, summary.replaced, summary.deleted, summary.unchanged
        ),
        PlanMode::Destroy => format!("{} deleted, {} kept", summary.deleted, summary.kept),
    };
    let extra = match mode {
        PlanMode::Apply => vec![
            (summary.adopted, "adopted"),
            (summary.marked, "marked"),
            (summary.kept, "kept"),
        ],
        PlanMode::Destroy => Vec::new(),
    };
    let failed = summary.errors.len();
    for (count, word) in extra
        .into_iter()
        .chain([(failed, "failed"), (summary.skipped, "skipped")])
    {
        if count > 0 {
            let _ = write!(numbers, ", {count} {word}");
        }
    }
    let word = match (mode, good) {
        (PlanMode::Apply, true) => "Applied",
        (PlanMode::Destroy, true) => "Destroyed",
        (_, false) if summary.interrupted => "Interrupted",
        (_, false) => "Not done",
    };
    report.result(&format!("{word}: {numbers} in {seconds:.1} s."));
    if summary.lost_lock {
        report.warning("the lock was lost, so the run stopped writing");
    }
    let is_foreign = |(_, error): &(_, ObjectError)| matches!(error, ObjectError::Foreign(_));
    if summary.errors.iter().any(is_foreign) {
        report.hint("plan again; pass --adopt to adopt existing objects that nothing manages");
    } else if !good && !summary.lost_lock {
        report.hint("run the same command again to resume");
    }
    report.done(summary);
    exit(summary, context)
}

/// The exit of a run with this summary.
pub(super) fn exit(summary: &RunSummary, context: &Context) -> Exit {
    let has = |wanted: fn(&ObjectError) -> bool| summary.errors.iter().any(|(_, error)| wanted(error));
    if summary.interrupted {
        context.interrupts.exit()
    } else if summary.lost_lock {
        Exit::Locked
    } else if has(|error| matches!(error, ObjectError::Failed(_))) {
        Exit::Failed
    } else if has(|error| matches!(error, ObjectError::Foreign(_))) {
        Exit::Refused
    } else if has(|error| matches!(error, ObjectError::NotReady(_))) {
        Exit::NotReady
    } else {
        Exit::Done
    }
}
