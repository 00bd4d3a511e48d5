//! What an apply has done, in numbers, and what went wrong. Pure.

use engine_core::object::ObjectId;
use serde::{Serialize, Serializer};

use super::event::Outcome;

/// What an apply has done. Serialises to its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// Objects made.
    pub created: usize,
    /// Objects changed.
    pub changed: usize,
    /// Objects deleted and made anew.
    pub replaced: usize,
    /// Objects that were nobody's and are ours now.
    pub adopted: usize,
    /// Objects given a mark back.
    pub marked: usize,
    /// Objects deleted and gone.
    pub deleted: usize,
    /// Objects that were as they should be.
    pub unchanged: usize,
    /// Objects no longer wanted, and kept.
    pub kept: usize,
    /// What went wrong.
    #[serde(rename = "failed", serialize_with = "as_number")]
    pub errors: Vec<(ObjectId, ObjectError)>,
    /// Objects left alone because something failed before.
    pub skipped: usize,
    /// Whether the person at the keyboard ended it.
    #[serde(skip)]
    pub interrupted: bool,
    /// Whether it ended because another run may hold the lock.
    #[serde(skip)]
    pub lost_lock: bool,
}

fn as_number<S: Serializer>(errors: &[(ObjectId, ObjectError)], serializer: S) -> Result<S::Ok, S::Error> {
    errors.len().serialize(serializer)
}

/// What went wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectError {
    /// It could not be written or deleted.
    Failed(String),
    /// It is written, and not ready in time or without hope.
    NotReady(String),
    /// Somebody else made it in the same moment; our part was taken back.
    Foreign(String),
}

impl ObjectError {
    /// What happened, in words.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Failed(why) | Self::NotReady(why) | Self::Foreign(why) => why,
        }
    }
}

impl RunSummary {
    /// Whether everything was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_good() && !self.interrupted && !self.lost_lock
    }

    /// Whether nothing went wrong so far.
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
