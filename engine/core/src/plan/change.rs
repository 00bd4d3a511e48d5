//! One object and what would be done to it. Pure.

use std::fmt;

use super::rank::of_deletion;
use super::refusal::Refusal;
use crate::object::field_managers::Author;
use crate::object::path::Path;
use crate::object::{FieldChange, Object, ObjectId};
use crate::observation::{ImmutableField, Prerequisite};

/// One object and what would be done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which object.
    pub id: ObjectId,
    /// What would be done.
    pub action: Action,
    /// What that means for what runs.
    pub effects: Vec<Effect>,
    /// The number of replicas to hand over to the autoscaler along with it.
    pub handover: Option<Handover>,
}

/// What would be done to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It is made.
    Create {
        /// What is applied.
        desired: Object,
        /// What stands before it.
        timing: Timing,
    },
    /// Fields of it are changed.
    Update {
        /// What is applied. Never the dry-run's answer, which would take over the fields that others own.
        desired: Object,
        /// The fields that change.
        fields: Vec<FieldDrift>,
    },
    /// It is as it should be but has lost a mark of ours, which is restored.
    Mark {
        /// What is applied.
        desired: Object,
        /// Which mark.
        lost: String,
    },
    /// It was nobody's, and becomes ours.
    Adopt {
        /// What is applied.
        desired: Object,
        /// Exactly this object, not another of the same name.
        uid: String,
        /// The fields that change.
        fields: Vec<FieldDrift>,
        /// Fields of others that make ours invalid and go first, in the terms of `managedFields`.
        excluded: Vec<Path>,
    },
    /// It is deleted and made anew, because some of it cannot be changed in place.
    Replace {
        /// What is applied.
        desired: Object,
        /// Exactly this object, not another of the same name.
        uid: String,
        /// What cannot be changed in place.
        reasons: Vec<ImmutableField>,
        /// The fields that change.
        fields: Vec<FieldDrift>,
        /// What becomes of its pods.
        pods: Pods,
    },
    /// It is deleted.
    Delete {
        /// Exactly this object, not another of the same name.
        uid: String,
        /// The object that needs what this one holds: it is deleted before that one is written.
        makes_way_for: Option<ObjectId>,
    },
    /// It is no longer wanted, and stays.
    Keep {
        /// Why.
        why: String,
    },
    /// It stands against carrying out the plan.
    Refuse {
        /// Why.
        why: Refusal,
    },
}

impl Action {
    /// The action in a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "change",
            Self::Mark { .. } => "mark",
            Self::Adopt { .. } => "adopt",
            Self::Replace { .. } => "replace",
            Self::Delete { .. } => "delete",
            Self::Keep { .. } => "keep",
            Self::Refuse { .. } => "refuse",
        }
    }
}

/// What becomes of the pods of an object that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// They end with it, where it has any.
    End,
    /// They stay, with their claims, and the new one takes them over.
    Stay,
}

/// What stands before the creation of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Nothing: the server has checked it.
    Checked,
    /// Its namespace or its kind; the server can check it only then.
    Unchecked {
        /// Which of them.
        until: Prerequisite,
    },
    /// The end of an object of the same name that is being deleted.
    AfterDeletion {
        /// What holds that up.
        finalizers: Vec<String>,
    },
    /// The end of an object of ours that holds what this one needs.
    AfterPredecessor {
        /// Which object.
        predecessor: ObjectId,
    },
}

/// A number of replicas that changes hands, so that it never falls to 1 in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// After the creation: the number to start with.
    AfterCreate(i32),
    /// Before our configuration drops the field: the number that is live.
    BeforeUpdate(i64),
}

/// A field that would change, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDrift {
    /// The field and its values.
    pub field: FieldChange,
    /// Why it would change.
    pub cause: Cause,
    /// The key of the environment's file that decides it, by which another value can be kept.
    pub key: Option<&'static str>,
}

/// Why a field would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The configuration has changed.
    Configuration,
    /// The configuration has changed, and takes over a field that somebody else has set.
    TakenOver {
        /// Who set it.
        by: Author,
    },
    /// Somebody has changed or removed it in the cluster.
    Drift {
        /// Who; `None` when nothing tells, as after a removal.
        by: Option<Author>,
    },
    /// It is somebody else's, and goes when the object becomes ours.
    Removed {
        /// Who set it.
        by: Option<Author>,
        /// Why it cannot stay.
        why: Removal,
    },
}

/// Why a field of somebody else goes when its object becomes ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Together with ours it would be invalid.
    Excluded,
    /// It is a copy of what `kubectl apply` was given, credentials included.
    Copy,
    /// It was set by `kubectl apply` alone, and the configuration does not have it.
    History,
}

/// What a change means for what runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Pods are replaced one after the other.
    RollingRestart {
        /// How many.
        pods: i64,
    },
    /// Something is away for a while, or for good.
    Outage {
        /// What.
        what: &'static str,
    },
    /// The number of pods changes.
    Scale {
        /// From how many.
        from: i64,
        /// To how many.
        to: i64,
    },
    /// Data is lost.
    DataLoss,
}

impl fmt::Display for Removal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Excluded => "it cannot stand beside what the configuration sets",
            Self::Copy => "it is a copy of what `kubectl apply` was given",
            Self::History => "`kubectl apply` alone has set it, and the configuration does not have it",
        })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RollingRestart { pods: 1 } => formatter.write_str("rolling restart (1 pod)"),
            Self::RollingRestart { pods } => write!(formatter, "rolling restart ({pods} pods)"),
            Self::Outage { what } => write!(formatter, "outage ({what})"),
            Self::Scale { from, to } => write!(formatter, "scale ({from} to {to} pods)"),
            Self::DataLoss => formatter.write_str("data is lost"),
        }
    }
}

/// Something about an object that an apply leaves as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which object.
    pub id: ObjectId,
    /// What is left, and to whom.
    pub text: String,
}

impl Change {
    /// A change without effects on what runs.
    #[must_use]
    pub fn new(id: &ObjectId, action: Action) -> Self {
        Self {
            id: id.clone(),
            action,
            effects: Vec::new(),
            handover: None,
        }
    }

    /// Whether another change does the same to the same object.
    ///
    /// The configurations themselves are not compared: those of Secrets hold generated values, which a plan before the
    /// first apply cannot know.
    #[must_use]
    pub fn does_the_same_as(&self, other: &Self) -> bool {
        let fields_of = |change: &Self| {
            let fields = change.fields().iter();
            fields.map(|drift| drift.field.clone()).collect::<Vec<_>>()
        };
        let same_action = match (&self.action, &other.action) {
            (Action::Create { timing: one, .. }, Action::Create { timing: other, .. }) => one == other,
            (
                Action::Delete { uid, makes_way_for },
                Action::Delete {
                    uid: other_uid,
                    makes_way_for: other,
                },
            ) => uid == other_uid && makes_way_for == other,
            (
                Action::Adopt {
                    uid: one, excluded, ..
                },
                Action::Adopt {
                    uid: other,
                    excluded: others,
                    ..
                },
            ) => one == other && excluded == others,
            (
                Action::Replace { uid: one, pods, .. },
                Action::Replace {
                    uid: other,
                    pods: others,
                    ..
                },
            ) => one == other && pods == others,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        };
        self.id == other.id && same_action && fields_of(self) == fields_of(other)
    }

    /// The fields that would change.
    #[must_use]
    pub fn fields(&self) -> &[FieldDrift] {
        match &self.action {
            Action::Update { fields, .. } | Action::Adopt { fields, .. } | Action::Replace { fields, .. } => {
                fields
            }
            _ => &[],
        }
    }

    pub(super) fn fields_mut(&mut self) -> &mut [FieldDrift] {
        match &mut self.action {
            Action::Update { fields, .. } | Action::Adopt { fields, .. } | Action::Replace { fields, .. } => {
                fields
            }
            _ => &mut [],
        }
    }

    /// Whether it is a deletion that comes before everything else.
    #[must_use]
    pub fn is_first_deletion(&self) -> bool {
        match &self.action {
            // What steers others goes before they change: an autoscaler would write the number that an apply has just set.
            Action::Delete { makes_way_for, .. } => {
                makes_way_for.is_some() || of_deletion(&self.id.kind) == 0
            }
            _ => false,
        }
    }

    /// Hands the number of replicas over after the creation.
    #[must_use]
    pub fn with_handover(mut self, minimum: Option<i32>) -> Self {
        self.handover = minimum.map(Handover::AfterCreate);
        self
    }
}
