//! Observations of a cluster: the input of a plan. Pure: plain data.

pub mod adoption;

use std::fmt;

use adoption::Adoption;
use serde_json::Value;

use crate::object::ObjectId;
use crate::object::foreign_fields::ForeignManager;
use crate::object::owner::Ownership;
use crate::record::Claim;

/// The state of a cluster, as far as a plan needs it.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// One per object of the stack, in the stack's order.
    pub objects: Vec<Observation>,
    /// The listed version of each object that was dry-run; `None` for unlisted and unchanged objects.
    pub versions: Vec<Option<String>>,
    /// Objects with the environment's label that the stack lacks.
    pub orphans: Vec<Observation>,
    /// Claims that hold the environment's data, or may hold it.
    pub claims: Vec<LiveClaim>,
    /// Claims that a database of the stack would mount although the environment does not own them.
    pub strangers: Vec<ObjectId>,
    /// LISTs that failed, in words: `orphans` may be incomplete.
    pub gaps: Vec<String>,
    /// The foreign fields of each object, if they were asked for.
    pub foreign_fields: Vec<(ObjectId, Vec<ForeignManager>)>,
}

/// One object and its state in the cluster.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The object's identity.
    pub id: ObjectId,
    /// Its state in the cluster.
    pub state: State,
}

/// The state of an object in the cluster, compared with the stack. `Debug` shows no live object: it may be a Secret.
#[derive(Clone)]
pub enum State {
    /// It does not exist.
    Absent {
        /// Whether the server has checked a create.
        check: Check,
    },
    /// An apply would change nothing.
    Unchanged {
        /// The live number of replicas, if an autoscaler sets it.
        replicas: Option<i64>,
    },
    /// It exists, and an apply may change it.
    Suspect {
        /// The live object.
        live: Value,
        /// The result of a dry-run apply.
        proposed: Value,
    },
    /// The server rejects the apply.
    Refused {
        /// The server's message.
        message: String,
    },
    /// An apply would change immutable fields.
    Immutable {
        /// The live object.
        live: Value,
        /// The result of a dry-run create under another name.
        recreated: Value,
        /// The immutable fields.
        fields: Vec<ImmutableField>,
    },
    /// Another Service uses the node port that it needs.
    Blocked {
        /// That Service.
        holder: ObjectId,
        /// The server's message.
        message: String,
        /// The live object, and its dry-run without the port; `None` when it does not exist.
        object: Option<(Value, Value)>,
    },
    /// Another environment or stack owns it.
    Foreign {
        /// That owner.
        owner: Ownership,
    },
    /// Nothing manages it, and the environment can adopt it.
    Adoptable {
        /// The live object.
        live: Value,
        /// The result of the adoption, by dry-run.
        proposed: Value,
        /// The fields that the adoption removes.
        adoption: Adoption,
    },
    /// Nothing manages it, and the environment cannot adopt it.
    Unadoptable {
        /// The obstacle, as a sentence without a full stop.
        why: String,
    },
    /// It is being deleted.
    Terminating {
        /// The finalizers that the deletion waits for.
        finalizers: Vec<String>,
    },
    /// The environment owns it, and the stack no longer declares it.
    Orphaned {
        /// The live object's UID, the precondition of its deletion.
        uid: String,
        /// The objects that would be deleted with it.
        contents: Contents,
    },
    /// Its state could not be determined.
    Unknown {
        /// The error, in words.
        why: String,
    },
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Absent { check } => return formatter.debug_tuple("Absent").field(check).finish(),
            Self::Refused { message } => return formatter.debug_tuple("Refused").field(message).finish(),
            Self::Unadoptable { why } => return formatter.debug_tuple("Unadoptable").field(why).finish(),
            Self::Unknown { why } => return formatter.debug_tuple("Unknown").field(why).finish(),
            Self::Immutable { fields, .. } => {
                return formatter.debug_tuple("Immutable").field(fields).finish();
            }
            Self::Blocked { holder, .. } => return formatter.debug_tuple("Blocked").field(holder).finish(),
            Self::Foreign { owner } => return formatter.debug_tuple("Foreign").field(owner).finish(),
            Self::Terminating { finalizers } => {
                return formatter.debug_tuple("Terminating").field(finalizers).finish();
            }
            Self::Orphaned { uid, contents } => {
                return formatter
                    .debug_tuple("Orphaned")
                    .field(uid)
                    .field(contents)
                    .finish();
            }
            Self::Unchanged { .. } => "Unchanged",
            Self::Suspect { .. } => "Suspect",
            Self::Adoptable { .. } => "Adoptable",
        };
        formatter.debug_struct(name).finish_non_exhaustive()
    }
}

/// A field that cannot be changed in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImmutableField {
    /// The field's path, as the server writes it.
    pub field: String,
    /// The server's explanation.
    pub why: String,
}

/// The objects that are deleted along with a namespace or the definition of a kind. Other objects contain none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// None, or only the environment's own.
    Ours,
    /// Among them foreign ones.
    Foreign(Vec<ObjectId>),
    /// They could not be listed; holds the error.
    Unknown(String),
}

/// Whether the server has checked the create of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// A dry-run create succeeded.
    Accepted,
    /// A dry-run is possible only once a prerequisite exists.
    Later {
        /// The prerequisite.
        until: Prerequisite,
    },
}

/// What must exist before the server can check an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prerequisite {
    /// The object's namespace.
    Namespace(String),
    /// The definition of the object's kind.
    Kind(String),
}

impl fmt::Display for Prerequisite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(formatter, "namespace `{name}`"),
            Self::Kind(name) => write!(formatter, "kind `{name}`"),
        }
    }
}

/// A live claim with data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveClaim {
    /// The claim and its volume.
    pub claim: Claim,
    /// How it is known to be the environment's.
    pub evidence: Evidence,
    /// Whether it, or its namespace, is being deleted.
    pub is_terminating: bool,
    /// Whether it would be deleted along with its `StatefulSet`.
    pub goes_with_its_workload: bool,
}

/// How a claim is known to be the environment's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// Its UID is in the record, or this program applied it.
    #[default]
    Recorded,
    /// The stack names an existing claim. Never deleted.
    Given,
    /// Its labels, or its name alone, are those of a claim of ours. Enough to keep it, never to delete it.
    Labels,
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Secret;
    use serde_json::json;

    use super::*;
    use crate::object::{Identity, kind_of};

    #[test]
    fn debug_shows_no_live_object() {
        let secret = || json!({"kind": "Secret", "data": {"password": "aHVudGVyMg=="}});
        let holder = ObjectId::from(Identity {
            kind: kind_of::<Secret>(),
            namespace: None,
            name: "a".to_owned(),
        });
        let states = [
            State::Suspect {
                live: secret(),
                proposed: secret(),
            },
            State::Immutable {
                live: secret(),
                recreated: secret(),
                fields: Vec::new(),
            },
            State::Blocked {
                holder: holder.clone(),
                message: "taken".to_owned(),
                object: Some((secret(), secret())),
            },
            State::Adoptable {
                live: secret(),
                proposed: secret(),
                adoption: Adoption::default(),
            },
        ];
        let observed = states.map(|state| Observation {
            id: holder.clone(),
            state,
        });
        let observations = Observations {
            objects: observed.to_vec(),
            ..Observations::default()
        };
        let shown = format!("{observations:?} {observations:#?}");
        assert!(!shown.contains("aHVudGVyMg"), "{shown}");
    }
}
