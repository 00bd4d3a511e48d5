//! Compares a stack with a cluster: reads and dry-runs, never a write.

pub mod contents;
pub mod known_record;
mod member;
mod stand_in;

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim};
use serde_json::Value;

use crate::cluster::{Cluster, ClusterError, Status};
use crate::object::belonging::{Belonging, belonging};
use crate::object::{Kind, ObjectId, kind_of, marks};
use crate::record::{Claim, Record};
use crate::stack::{Stack, id_of};

/// Reads and dry-runs prepared at once. The cluster module bounds those in flight.
const AT_ONCE: usize = 32;

/// What was found in the cluster.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// One for each member of the stack, in its order.
    pub members: Vec<Observation>,
    /// Objects with the environment's label that the stack does not hold.
    pub orphans: Vec<Observation>,
    /// Claims that hold the environment's data, or may.
    pub claims: Vec<Claim>,
    /// Claims that a database of the stack would mount and that are not this environment's.
    pub strangers: Vec<ObjectId>,
    /// What could not be listed, so that orphans may be missing above.
    pub gaps: Vec<String>,
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
    /// It is there, and this is what an apply would make of it.
    Suspect {
        /// As it is.
        live: Value,
        /// As it would be.
        proposed: Value,
    },
    /// The server refuses the apply.
    Refused {
        /// The server's answer.
        status: Status,
    },
    /// It is there but not this environment's.
    Foreign {
        /// Whose it is.
        belonging: Belonging,
    },
    /// It is being deleted.
    Terminating {
        /// What holds the deletion up.
        finalizers: Vec<String>,
    },
    /// It is this environment's, and no longer wanted.
    Orphaned {
        /// Its metadata.
        metadata: Value,
        /// What stands in it that is not this environment's; for namespaces only.
        foreign_contents: Vec<ObjectId>,
    },
    /// It could not be looked at.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Whether the server would take an object that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// It would.
    Accepted,
    /// It can only be asked once the namespace is there.
    Later {
        /// The namespace.
        namespace: String,
    },
}

/// Whether a namespace can be written into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamespaceState {
    Active,
    /// To be created along with the rest.
    Absent,
    /// Not there, although it was given.
    Missing,
    Terminating,
}

/// Looks at every object of the stack, and for those that are no longer in it.
///
/// This is the thorough way: one read and one dry-run for each object.
///
/// # Errors
/// When the server cannot be asked at all. What it refuses for single objects is part of the result.
pub async fn observe(
    stack: &Stack,
    record: &Record,
    cluster: &Cluster,
) -> Result<Observations, ClusterError> {
    let names: BTreeSet<String> = stack
        .namespaces
        .iter()
        .chain(&record.namespaces)
        .cloned()
        .collect();
    let namespaces = namespace_states(&names, stack, cluster).await?;
    let members = stream::iter(&stack.members)
        .map(|member| member::observe(&member.object, &record.environment, &namespaces, cluster))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let active: Vec<&str> = namespaces
        .iter()
        .filter(|(_, state)| **state == NamespaceState::Active)
        .map(|(name, _)| name.as_str())
        .collect();
    let (orphans, gaps) = orphans(stack, record, &active, cluster).await?;
    let claims = claims(record, &active, cluster).await?;
    Ok(Observations {
        members,
        orphans,
        claims,
        strangers: strangers(stack, record, cluster).await?,
        gaps,
    })
}

async fn namespace_states(
    names: &BTreeSet<String>,
    stack: &Stack,
    cluster: &Cluster,
) -> Result<BTreeMap<String, NamespaceState>, ClusterError> {
    stream::iter(names)
        .map(|name| async move {
            let id = id_of::<Namespace>(None, name);
            let state = match cluster.read(&id).await {
                Ok(Some(live)) if marks::is_terminating(&live) => NamespaceState::Terminating,
                Ok(None) if stack.find(&id).is_none() => NamespaceState::Missing,
                Ok(None) => NamespaceState::Absent,
                // Whoever may not read namespaces may still work in them.
                Ok(Some(_)) => NamespaceState::Active,
                Err(error) if error.is_forbidden() => NamespaceState::Active,
                Err(error) => return Err(error),
            };
            Ok((name.clone(), state))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Lists what carries the environment's label, in every kind and namespace that it uses or has used.
async fn orphans(
    stack: &Stack,
    record: &Record,
    namespaces: &[&str],
    cluster: &Cluster,
) -> Result<(Vec<Observation>, Vec<String>), ClusterError> {
    let stack_kinds = stack.members.iter().map(|member| &member.object.id().kind);
    let kinds: BTreeSet<&Kind> = stack_kinds.chain(&record.kinds).collect();
    let selector = format!("{}={}", marks::ENVIRONMENT, record.environment);
    let mut lists: Vec<(&Kind, Option<&str>)> = Vec::new();
    for kind in kinds {
        if kind.namespaced {
            lists.extend(namespaces.iter().map(|namespace| (kind, Some(*namespace))));
        } else {
            lists.push((kind, None));
        }
    }
    let listed: Vec<Result<(&Kind, Vec<Value>), String>> = stream::iter(lists)
        .map(|(kind, namespace)| {
            let selector = &selector;
            async move {
                match cluster.list_metadata(kind, namespace, selector).await {
                    Ok(items) => Ok(Ok((kind, items))),
                    Err(error @ ClusterError::Refused { .. }) => Ok(Err(error.to_string())),
                    Err(error) => Err(error),
                }
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut orphans = Vec::new();
    let mut gaps = Vec::new();
    for list in listed {
        match list {
            Err(gap) => gaps.push(gap),
            Ok((kind, items)) => {
                for metadata in items {
                    let id = identify(kind, &metadata);
                    if stack.find(&id).is_none() && may_be_pruned(&metadata, &record.environment) {
                        orphans.push((id, metadata));
                    }
                }
            }
        }
    }
    let mut observations = Vec::new();
    for (id, metadata) in orphans {
        let foreign_contents = if id.kind.is_namespace() {
            contents::foreign(&id.name, &record.environment, cluster).await?
        } else {
            Vec::new()
        };
        observations.push(Observation {
            id,
            state: State::Orphaned {
                metadata,
                foreign_contents,
            },
        });
    }
    Ok((observations, gaps))
}

/// The guard of every prune: the label can be copied or inherited, so only what this program applied, and what no
/// controller owns, may ever be deleted.
fn may_be_pruned(metadata: &Value, environment: &str) -> bool {
    belonging(metadata, environment) == Belonging::Ours && !marks::has_controller(metadata)
}

/// Lists the claims that hold the environment's data, in the namespaces of the record and in `namespaces`.
///
/// # Errors
/// When the server cannot be asked.
pub async fn data_claims(
    record: &Record,
    namespaces: &[String],
    cluster: &Cluster,
) -> Result<Vec<Claim>, ClusterError> {
    let all: BTreeSet<&str> = namespaces
        .iter()
        .chain(&record.namespaces)
        .map(String::as_str)
        .collect();
    let all: Vec<&str> = all.into_iter().collect();
    claims(record, &all, cluster).await
}

/// Lists the claims in the environment's namespaces that its databases made, or that the record knows.
async fn claims(record: &Record, namespaces: &[&str], cluster: &Cluster) -> Result<Vec<Claim>, ClusterError> {
    let kind = kind_of::<PersistentVolumeClaim>();
    let mut claims = Vec::new();
    for namespace in namespaces {
        for live in cluster.list(&kind, Some(namespace), "").await? {
            let id = identify(&kind, &live);
            if is_our_claim(&id, &live, record) && !marks::is_terminating(&live) {
                claims.push(Claim {
                    namespace: (*namespace).to_owned(),
                    name: id.name,
                    uid: marks::uid(&live).to_owned(),
                    volume: live["spec"]["volumeName"].as_str().unwrap_or_default().to_owned(),
                });
            }
        }
    }
    Ok(claims)
}

/// Whether a claim holds data of the environment: its database made it, the record knows it, or it was given.
fn is_our_claim(id: &ObjectId, live: &Value, record: &Record) -> bool {
    marks::label(live, "app.kubernetes.io/instance") == Some(&record.environment)
        || record.claim(id).is_some()
        || record.given_claims.contains(id)
}

async fn strangers(stack: &Stack, record: &Record, cluster: &Cluster) -> Result<Vec<ObjectId>, ClusterError> {
    let mut strangers = Vec::new();
    for expected in &stack.claims {
        let id = &expected.claim;
        if let Some(live) = cluster.read(id).await?
            && !is_our_claim(id, &live, record)
        {
            strangers.push(id.clone());
        }
    }
    Ok(strangers)
}

/// Names an object of a list, whose items carry no kind.
fn identify(kind: &Kind, object: &Value) -> ObjectId {
    let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
    ObjectId {
        kind: kind.clone(),
        namespace: text("namespace").filter(|_| kind.namespaced),
        name: text("name").unwrap_or_default(),
    }
}
