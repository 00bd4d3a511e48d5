//! Events of an apply, for progress reports. Pure.

use engine_core::object::ObjectId;

/// One step of an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An object was written or deleted.
    Done {
        /// The object that was written or deleted.
        id: ObjectId,
        /// What was done to it.
        outcome: Outcome,
    },
    /// The run is waiting for an object.
    Waiting {
        /// The object that the run is waiting for.
        id: ObjectId,
        /// What is still missing and why.
        cause: String,
    },
    /// An object that the run was waiting for is ready.
    Ready {
        /// The object that is ready.
        id: ObjectId,
    },
    /// An object could not be written or deleted, or did not become ready.
    Failed {
        /// The object that failed.
        id: ObjectId,
        /// The reason for the failure.
        why: String,
    },
    /// An object was skipped.
    Skipped {
        /// The object that was skipped.
        id: ObjectId,
        /// The failed object that it refers to; `None` when the whole run failed.
        because: Option<ObjectId>,
    },
}

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was created.
    Created,
    /// Some of its fields were changed.
    Changed,
    /// Its label or annotation of this program was restored.
    Marked,
    /// It was unmanaged and has been adopted.
    Adopted,
    /// It was deleted and recreated.
    Replaced,
    /// It was deleted and is gone.
    Deleted,
}

impl Outcome {
    /// Returns the outcome as a single word.
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
