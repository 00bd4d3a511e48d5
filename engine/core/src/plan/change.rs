//! One change of a plan. Pure.

use std::fmt;

use super::rank::of_deletion;
use super::refusal::Refusal;
use crate::object::field_managers::Author;
use crate::object::path::Path;
use crate::object::{FieldChange, Object, ObjectId};
use crate::observation::{ImmutableField, Prerequisite};

/// One object and the action that a plan takes on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The object's identity.
    pub id: ObjectId,
    /// The action.
    pub action: Action,
    /// The effects on running workloads and data.
    pub effects: Vec<Effect>,
    /// The hand-over of the number of replicas to the autoscaler.
    pub handover: Option<Handover>,
}

/// The action that a plan takes on an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Create it.
    Create {
        /// The object to apply.
        desired: Object,
        /// What the create waits for.
        timing: Timing,
    },
    /// Change fields.
    Update {
        /// The object to apply. Never the dry-run's answer, which would take over foreign fields.
        desired: Object,
        /// The fields that change.
        fields: Vec<FieldDrift>,
    },
    /// Restore a lost mark: a label, the state hash or field ownership. The content stays.
    Mark {
        /// The object to apply.
        desired: Object,
        /// The lost mark, in words.
        lost: String,
    },
    /// Adopt an object that nothing manages.
    Adopt {
        /// The object to apply.
        desired: Object,
        /// The UID of the live object, a precondition.
        uid: String,
        /// The fields that change.
        fields: Vec<FieldDrift>,
        /// Foreign fields that exclude ours and are removed first, by the keys of their field sets.
        excluded: Vec<Path>,
    },
    /// Delete and recreate it, because immutable fields change.
    Replace {
        /// The object to apply.
        desired: Object,
        /// The UID of the live object, a precondition.
        uid: String,
        /// The immutable fields.
        reasons: Vec<ImmutableField>,
        /// The fields that change.
        fields: Vec<FieldDrift>,
        /// Whether its pods end or stay.
        pods: Pods,
    },
    /// Delete it.
    Delete {
        /// The UID of the live object, a precondition.
        uid: String,
        /// The object that needs this one's node port. The deletion goes first.
        makes_way_for: Option<ObjectId>,
    },
    /// Keep it, although the stack no longer declares it.
    Keep {
        /// The reason, in words.
        why: String,
    },
    /// Refuse the plan.
    Refuse {
        /// The reason.
        why: Refusal,
    },
}

impl Action {
    /// Names the action, in the imperative.
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

/// What happens to the pods of a replaced object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// They end with it, if it has any.
    End,
    /// They stay, with their claims, and the new object takes them over.
    Stay,
}

/// What the creation of an object waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Nothing: the server has checked it.
    Checked,
    /// Its namespace or its kind: the server has not checked it.
    Unchecked {
        /// The prerequisite.
        until: Prerequisite,
    },
    /// The deletion of its predecessor, an object of the same name.
    AfterDeletion {
        /// The finalizers that the deletion waits for.
        finalizers: Vec<String>,
    },
    /// The deletion of another object of the environment, which uses its node port.
    AfterPredecessor {
        /// That object.
        predecessor: ObjectId,
    },
}

/// Hands a number of replicas over to an autoscaler, so that it never drops to 1 in between.
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
    /// The key of the environment's file that sets the field.
    pub key: Option<&'static str>,
}

/// Why a field would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The configuration has changed.
    Configuration,
    /// The configuration has changed and takes the field over from another manager.
    TakenOver {
        /// The field's last writer.
        by: Author,
    },
    /// Another manager has changed or removed it in the cluster.
    Drift {
        /// The field's last writer; `None` when unknown, as after a removal.
        by: Option<Author>,
    },
    /// The adoption of the object removes it.
    Removed {
        /// The field's last writer; `None` when unknown.
        by: Option<Author>,
        /// Why it cannot stay.
        why: Removal,
    },
}

/// Why an adoption removes a foreign field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// A field of ours excludes it.
    Excluded,
    /// It is a copy of the input of `kubectl apply`, credentials included.
    Copy,
    /// Only `kubectl apply` set it, and the configuration lacks it.
    History,
}

/// An effect of a change on running workloads or data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Pods are replaced one after the other.
    RollingRestart {
        /// The number of pods.
        pods: i64,
    },
    /// An interruption, or the end, of a service.
    Outage {
        /// The interruption, in words.
        what: &'static str,
    },
    /// The number of pods changes.
    Scale {
        /// The live number.
        from: i64,
        /// The new number.
        to: i64,
    },
    /// Data is deleted.
    DataLoss,
}

impl fmt::Display for Removal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Excluded => "the configuration sets a field that excludes it",
            Self::Copy => "it is a copy of the input of `kubectl apply`",
            Self::History => "only `kubectl apply` set it, and the configuration lacks it",
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

/// A remark about an object for the reader of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The object's identity.
    pub id: ObjectId,
    /// The remark, as a sentence without a full stop.
    pub text: String,
}

impl Change {
    /// Builds a change without effects or hand-over.
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
    /// Ignores the configurations: those of Secrets hold generated values, which a plan before the first apply cannot know.
    #[must_use]
    pub fn does_the_same_as(&self, other: &Self) -> bool {
        let fields_of = |change: &Self| {
            let fields = change.fields().iter();
            fields.map(|drift| drift.field.clone()).collect::<Vec<_>>()
        };
        let same_action = match (&self.action, &other.action) {
            (Action::Create { timing: one, .. }, Action::Create { timing: other, .. }) => one == other,
            (one @ Action::Delete { .. }, other) => one == other,
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
            Action::Update { fields, .. }
            | Action::Adopt { fields, .. }
            | Action::Replace { fields, .. }
            | Action::Refuse {
                why: Refusal::NotAllowed { fields, .. },
            } => fields,
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

    /// Whether it is a deletion that precedes all other changes.
    #[must_use]
    pub fn is_first_deletion(&self) -> bool {
        match &self.action {
            // An autoscaler goes before its workload changes: it would overwrite the number that an apply has just set.
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
