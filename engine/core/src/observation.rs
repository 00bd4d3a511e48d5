//! What was found in a cluster. Pure: plain data, from which a plan follows.

pub mod adoption;

use std::fmt;

use adoption::Adoption;
use serde_json::Value;

use crate::object::ObjectId;
use crate::object::foreign_fields::ForeignManager;
use crate::object::owner::Ownership;
use crate::record::Claim;

/// What was found in the cluster.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// One for each object of the stack, in its order.
    pub objects: Vec<Observation>,
    /// The version in which each object was listed and tried; `None` for those that were not listed, or are unchanged.
    pub versions: Vec<Option<String>>,
    /// Objects with the environment's label that the stack does not hold.
    pub orphans: Vec<Observation>,
    /// Claims that hold the environment's data, or may.
    pub claims: Vec<LiveClaim>,
    /// Claims that a database of the stack would mount and that are not this environment's.
    pub strangers: Vec<ObjectId>,
    /// What could not be listed, so that orphans may be missing above.
    pub gaps: Vec<String>,
    /// What others own in the objects, where that was looked for.
    pub others: Vec<(ObjectId, Vec<ForeignManager>)>,
}

/// One object as it was found.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Which object.
    pub id: ObjectId,
    /// How it was found.
    pub state: State,
}

/// How an object was found.
#[derive(Clone, Debug)]
pub enum State {
    /// It is not there.
    Absent {
        /// Whether the server would take it.
        check: Check,
    },
    /// It is there, and an apply would change nothing.
    Unchanged {
        /// Its number of replicas, where an autoscaler sets them.
        replicas: Option<i64>,
    },
    /// It is there, and this is what an apply would make of it.
    Suspect {
        /// As it is.
        live: Value,
        /// As it would be.
        proposed: Value,
    },
    /// The server refuses the apply.
    Refused {
        /// Why, in the server's words.
        message: String,
    },
    /// It is there, and some of what an apply would change cannot be changed in place.
    Immutable {
        /// As it is.
        live: Value,
        /// As the server would recreate it, by a dry-run create under another name.
        recreated: Value,
        /// What cannot be changed.
        fields: Vec<ImmutableField>,
    },
    /// Somebody else's object has the node port that it needs.
    Blocked {
        /// Who has it.
        holder: ObjectId,
        /// The refusal in the server's words.
        message: String,
        /// As it is, and as it would be once the port is free; `None` when it is not there.
        object: Option<(Value, Value)>,
    },
    /// It is there but not this environment's.
    Foreign {
        /// Its owner.
        owner: Ownership,
    },
    /// It is there, nobody's, and could become ours.
    Adoptable {
        /// As it is.
        live: Value,
        /// As it would be.
        proposed: Value,
        /// The fields that the adoption removes.
        adoption: Adoption,
    },
    /// It is there, nobody's, and cannot become ours.
    Unadoptable {
        /// Why.
        why: String,
    },
    /// It is being deleted.
    Terminating {
        /// What holds the deletion up.
        finalizers: Vec<String>,
    },
    /// It is this environment's, and no longer wanted.
    Orphaned {
        /// Exactly this object, not another of the same name.
        uid: String,
        /// What is in it that would be lost with it.
        contents: Contents,
    },
    /// It could not be looked at.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A field that the server does not change in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImmutableField {
    /// Where, in the server's words.
    pub field: String,
    /// Why, in the server's words.
    pub why: String,
}

/// What is in an object that contains others; only namespaces do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Nothing but this environment's own objects.
    Ours,
    /// Objects of others too.
    Foreign(Vec<ObjectId>),
    /// It could not be looked into.
    Unknown(String),
}

/// Whether the server would take an object that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// It would.
    Accepted,
    /// It can only be asked once something else is there.
    Later {
        /// What.
        until: Prerequisite,
    },
}

/// What must be there before the server can check an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prerequisite {
    /// Its namespace.
    Namespace(String),
    /// The definition of its kind.
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

/// A claim with data, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveClaim {
    /// Which claim.
    pub claim: Claim,
    /// Why it is taken for the environment's.
    pub evidence: Evidence,
    /// Whether somebody has ordered its deletion.
    pub is_terminating: bool,
    /// Whether it would be deleted along with its `StatefulSet`.
    pub goes_with_its_workload: bool,
}

/// Why a claim is taken for the environment's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// The record knows it by its UID, or this program has applied it.
    #[default]
    Recorded,
    /// Somebody made it for the environment. Never deleted.
    Given,
    /// It looks as those do that our database makes. Enough to keep it, never to delete it.
    Labels,
}
