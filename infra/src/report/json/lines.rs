//! An apply or destroy as JSON Lines, described by `schemas/events.schema.json`. Pure.

use serde::Serialize;

use super::{FORMAT_VERSION, Id, PlanDocument};
use engine::apply::event::Outcome;
use engine::apply::{Event, RunSummary};

/// One line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "Event", rename = "Event"))]
pub(in crate::report) enum Line<'a> {
    /// What will be done. A second one means that the cluster has moved, and that nothing was written.
    Plan { plan: Box<PlanDocument<'a>> },
    /// An object was made.
    Created { id: Id<'a> },
    /// Fields of an object were changed.
    Changed { id: Id<'a> },
    /// A mark was restored.
    Marked { id: Id<'a> },
    /// An object that was nobody's is ours now.
    Adopted { id: Id<'a> },
    /// An object was deleted and made anew.
    Replaced { id: Id<'a> },
    /// An object was deleted and is gone.
    Deleted { id: Id<'a> },
    /// An object is waited for.
    Waiting { id: Id<'a>, cause: &'a str },
    /// An object that was waited for is ready.
    Ready { id: Id<'a> },
    /// An object could not be written or deleted, or did not become ready.
    Failed { id: Id<'a>, cause: &'a str },
    /// An object was left alone because of another, or, when that is null, because something failed before.
    Skipped { id: Id<'a>, because: Option<Id<'a>> },
    /// How it ended; always the last line.
    Summary(Ending<'a>),
}

/// How it ended.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Ending<'a> {
    pub(in crate::report) format_version: u32,
    /// Why the exit code is what it is.
    #[cfg_attr(test, schemars(extend("enum" = [
        "done", "failed", "not_ready", "locked", "moved", "refused", "interrupted", "terminated"
    ])))]
    pub(in crate::report) outcome: &'static str,
    /// The exit code of the program.
    pub(in crate::report) exit_code: u8,
    /// What went wrong with the run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) error: Option<&'a str>,
    /// How many objects what was done to; left out when it ended before anything was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<super::tests::Counts<RunSummary>>"))]
    pub(in crate::report) objects: Option<&'a RunSummary>,
}

impl<'a> Line<'a> {
    pub(in crate::report) fn of(event: &'a Event) -> Self {
        match event {
            Event::Done { id, outcome } => {
                let id = Id::new(id);
                match outcome {
                    Outcome::Created => Self::Created { id },
                    Outcome::Changed => Self::Changed { id },
                    Outcome::Marked => Self::Marked { id },
                    Outcome::Adopted => Self::Adopted { id },
                    Outcome::Replaced => Self::Replaced { id },
                    Outcome::Deleted => Self::Deleted { id },
                }
            }
            Event::Waiting { id, cause } => Self::Waiting {
                id: Id::new(id),
                cause,
            },
            Event::Ready { id } => Self::Ready { id: Id::new(id) },
            Event::Failed { id, why } => Self::Failed {
                id: Id::new(id),
                cause: why,
            },
            Event::Skipped { id, because } => Self::Skipped {
                id: Id::new(id),
                because: because.as_ref().map(Id::new),
            },
        }
    }

    pub(in crate::report) fn ending(
        outcome: &'static str,
        exit_code: u8,
        error: Option<&'a str>,
        objects: Option<&'a RunSummary>,
    ) -> Self {
        Self::Summary(Ending {
            format_version: FORMAT_VERSION,
            outcome,
            exit_code,
            error,
            objects,
        })
    }
}
