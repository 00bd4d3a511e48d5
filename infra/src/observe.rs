//! Compares a stack with a cluster: reads and dry-runs, never a write.

pub mod claims;
pub mod contents;
pub mod known_record;
mod member;
mod stand_in;

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::Value;

use crate::cluster::{Cluster, ClusterError};
use crate::object::belonging::{Belonging, belonging};
use crate::object::{Kind, ObjectId, marks, ownership};
use crate::observation::{Observation, Observations, State};
use crate::record::Record;
use crate::stack::{Stack, id_of};

/// Reads and dry-runs prepared at once. The cluster module bounds those in flight.
const AT_ONCE: usize = 32;

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
    let names = namespaces(stack, record);
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
    Ok(Observations {
        members,
        orphans,
        claims: claims::data_claims(record, &names, cluster).await?,
        strangers: claims::strangers(stack, record, cluster).await?,
        gaps,
    })
}

/// Every namespace in which the environment has, or had, objects.
#[must_use]
pub fn namespaces(stack: &Stack, record: &Record) -> BTreeSet<String> {
    let all = stack.namespaces.iter().chain(&record.namespaces);
    let of_claims = record.claims.iter().map(|claim| &claim.namespace);
    all.chain(of_claims).cloned().collect()
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
        let (kind, items) = match list {
            Ok(list) => list,
            Err(gap) => {
                gaps.push(gap);
                continue;
            }
        };
        for metadata in items {
            let id = identify(kind, &metadata);
            if stack.find(&id).is_some() || !may_be_pruned(&metadata, &record.environment) {
                continue;
            }
            let contents = contents::of(&id, &record.environment, cluster).await?;
            let state = State::Orphaned { metadata, contents };
            orphans.push(Observation { id, state });
        }
    }
    Ok((orphans, gaps))
}

/// The guard of every prune: labels can be copied or inherited, so only what this program applied, and what no
/// controller owns, may ever be deleted.
fn may_be_pruned(metadata: &Value, environment: &str) -> bool {
    ownership::ours(metadata).is_some()
        && belonging(metadata, environment) == Belonging::Ours
        && !marks::has_controller(metadata)
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
