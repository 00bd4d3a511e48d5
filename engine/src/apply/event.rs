//! What happens during an apply, one thing at a time. Pure.

use engine_core::object::ObjectId;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An object was written or deleted.
    Done {
        /// Which object.
        id: ObjectId,
        /// What was done to it.
        outcome: Outcome,
    },
    /// An object is waited for.
    Waiting {
        /// Which object.
        id: ObjectId,
        /// What is still missing, and why.
        cause: String,
    },
    /// An object that was waited for is ready.
    Ready {
        /// Which object.
        id: ObjectId,
    },
    /// An object could not be written or deleted, or did not become ready.
    Failed {
        /// Which object.
        id: ObjectId,
        /// Why.
        why: String,
    },
    /// An object was left alone.
    Skipped {
        /// Which object.
        id: ObjectId,
        /// What it refers to that failed; `None` when the whole run did.
        because: Option<ObjectId>,
    },
}

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Created,
    /// Fields of it were changed.
    Changed,
    /// A mark of ours was restored.
    Marked,
    /// It was nobody's, and is ours now.
    Adopted,
    /// It was deleted and made anew.
    Replaced,
    /// It was deleted and is gone.
    Deleted,
}

impl Outcome {
    /// The outcome as a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Marked => "marked",
            Self::Adopted => "adopted",
            Self::Replaced => "replaced",
            Self::Deleted => "deleted",
        }
    }
}
