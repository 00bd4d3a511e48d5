//! The last line of a command that has written, and its exit code.

use std::fmt::Write as _;
use std::time::Instant;

use super::execution::Aim;
use super::{Context, Exit};
use crate::apply::{Outcome, Trouble};
use crate::plan::{Action, Plan};

/// Prints the last line and says how the command ends.
pub(super) fn finish(outcome: &Outcome, plan: &Plan, aim: Aim, started: Instant, context: &Context) -> Exit {
    let report = &context.report;
    let seconds = started.elapsed().as_secs_f64();
    let kept: Vec<_> = plan
        .changes
        .iter()
        .filter_map(|change| match &change.action {
            Action::Keep { why } => Some((&change.id, why.as_str())),
            _ => None,
        })
        .collect();
    if aim == Aim::Destroy {
        report.kept(&kept);
    }
    let good = outcome.is_complete();
    let mut numbers = match aim {
        Aim::Apply => format!(
            "{} created, {} changed, {} replaced, {} deleted, {} unchanged",
            outcome.created, outcome.changed, outcome.replaced, outcome.deleted, outcome.unchanged
        ),
        Aim::Destroy => format!("{} deleted, {} kept", outcome.deleted, outcome.kept),
    };
    let extra = match aim {
        Aim::Apply => vec![
            (outcome.adopted, "adopted"),
            (outcome.marked, "marked"),
            (outcome.kept, "kept"),
        ],
        Aim::Destroy => Vec::new(),
    };
    let failed = outcome.troubles.len();
    for (count, word) in extra
        .into_iter()
        .chain([(failed, "failed"), (outcome.skipped, "skipped")])
    {
        if count > 0 {
            let _ = write!(numbers, ", {count} {word}");
        }
    }
    let word = match (aim, good) {
        (Aim::Apply, true) => "Applied",
        (Aim::Destroy, true) => "Destroyed",
        (_, false) if outcome.interrupted => "Interrupted",
        (_, false) => "Not done",
    };
    report.result(&format!("{word}: {numbers} in {seconds:.1} s."));
    if outcome.lost_lock {
        report.warning("the lock could not be kept, so nothing more was written");
    }
    let is_foreign = |(_, trouble): &(_, Trouble)| matches!(trouble, Trouble::Foreign(_));
    if outcome.troubles.iter().any(is_foreign) {
        report.hint("plan again; `--adopt` takes over what is nobody's");
    } else if !good && !outcome.lost_lock {
        report.hint("the same command goes on where this one ended");
    }
    report.done(outcome);
    exit(outcome, context)
}

/// The exit code that an outcome stands for.
pub(super) fn exit(outcome: &Outcome, context: &Context) -> Exit {
    let has = |wanted: fn(&Trouble) -> bool| outcome.troubles.iter().any(|(_, trouble)| wanted(trouble));
    if outcome.interrupted {
        context.interrupts.exit()
    } else if outcome.lost_lock {
        Exit::Locked
    } else if has(|trouble| matches!(trouble, Trouble::Failed(_))) {
        Exit::Failed
    } else if has(|trouble| matches!(trouble, Trouble::Foreign(_))) {
        Exit::Refused
    } else if has(|trouble| matches!(trouble, Trouble::NotReady(_))) {
        Exit::NotReady
    } else {
        Exit::Done
    }
}
