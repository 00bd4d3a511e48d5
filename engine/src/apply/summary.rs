//! Summarises an apply: counts and errors. Pure.

use engine_core::object::ObjectId;
use serde::{Serialize, Serializer};

use super::event::Outcome;

/// The result of an apply. Serialises as counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// Objects created.
    pub created: usize,
    /// Objects changed.
    pub changed: usize,
    /// Objects deleted and recreated.
    pub replaced: usize,
    /// Objects that were unmanaged and have been adopted.
    pub adopted: usize,
    /// Objects whose label or annotation of this program was restored.
    pub marked: usize,
    /// Objects deleted and gone.
    pub deleted: usize,
    /// Objects that needed no change.
    pub unchanged: usize,
    /// Objects that are no longer in the stack but were kept.
    pub kept: usize,
    /// The objects that failed, with their errors.
    #[serde(rename = "failed", serialize_with = "as_number")]
    pub errors: Vec<(ObjectId, ObjectError)>,
    /// Objects skipped because of an earlier failure.
    pub skipped: usize,
    /// Whether the user interrupted the run.
    #[serde(skip)]
    pub interrupted: bool,
    /// Whether the run ended because another run may hold the lock.
    #[serde(skip)]
    pub lost_lock: bool,
}

fn as_number<S: Serializer>(errors: &[(ObjectId, ObjectError)], serializer: S) -> Result<S::Ok, S::Error> {
    errors.len().serialize(serializer)
}

/// Why an object failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectError {
    /// It could not be written or deleted.
    Failed(String),
    /// It was written, but was not ready in time or cannot become ready.
    NotReady(String),
    /// Another client created or adopted it at the same time; our changes to it were undone where possible.
    Foreign(String),
}

impl ObjectError {
    /// Returns the error message.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Failed(why) | Self::NotReady(why) | Self::Foreign(why) => why,
        }
    }
}

impl RunSummary {
    /// Returns whether everything was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_good() && !self.interrupted && !self.lost_lock
    }

    /// Returns whether nothing has failed so far.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.errors.is_empty() && self.skipped == 0
    }

    pub(super) fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Created => &mut self.created,
            Outcome::Changed => &mut self.changed,
            Outcome::Marked => &mut self.marked,
            Outcome::Replaced => &mut self.replaced,
            Outcome::Adopted => &mut self.adopted,
            Outcome::Deleted => &mut self.deleted,
        } += 1;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.replaced += other.replaced;
        self.adopted += other.adopted;
        self.marked += other.marked;
        self.deleted += other.deleted;
        self.skipped += other.skipped;
        self.errors.extend(other.errors);
    }
}
