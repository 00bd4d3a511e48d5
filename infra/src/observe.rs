//! Compares a stack with a cluster: reads and dry-runs, never a write.

mod adoption;
pub mod claims;
pub mod contents;
mod glance;
mod immutable;
pub mod known_record;
mod listing;
mod member;
mod node_port;
mod stand_in;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::Value;

use crate::cluster::{Cluster, ClusterError};
use crate::object::belonging::{Belonging, belonging};
use crate::object::{Kind, Object, ObjectId, marks, ownership};
use crate::observation::{Observation, Observations, State};
use crate::record::Record;
use crate::stack::{Stack, id_of};
use listing::Listing;

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

/// How closely is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Objects that are unchanged by their hash and their field owners are not tried. The number of requests depends on
    /// the kinds and namespaces alone.
    Fast,
    /// Every object is read and tried: the oracle of the fast way.
    Thorough,
}

/// Looks at every object of the stack, and for those that are no longer in it.
///
/// # Errors
/// When the server cannot be asked at all. What it refuses for single objects is part of the result.
pub async fn observe(
    stack: &Stack,
    record: &Record,
    depth: Depth,
    cluster: &Cluster,
) -> Result<Observations, ClusterError> {
    let names = namespaces(stack, record);
    let (listing, claims) = tokio::try_join!(
        listing::list(stack, record, &names, cluster),
        claims::data_claims(record, &names, cluster),
    )?;
    let members = members(stack, record, depth, &names, &listing, cluster).await?;
    let strangers = claims::strangers(stack, record, &claims, cluster).await?;
    let orphans = orphans(stack, record, listing.objects, cluster).await?;
    Ok(Observations {
        members,
        orphans,
        claims,
        strangers,
        gaps: listing.gaps,
    })
}

async fn members(
    stack: &Stack,
    record: &Record,
    depth: Depth,
    names: &BTreeSet<String>,
    listing: &Listing,
    cluster: &Cluster,
) -> Result<Vec<Observation>, ClusterError> {
    let environment = record.environment.as_str();
    let unchanged = |object: &Object| {
        let live = listing
            .objects
            .get(object.id())
            .filter(|_| depth == Depth::Fast)?;
        glance::is_unchanged(object, live, environment).then(|| Observation {
            id: object.id().clone(),
            state: State::Unchanged {
                replicas: live["spec"]["replicas"].as_i64(),
            },
        })
    };
    let glances: Vec<(&Object, Option<Observation>)> = stack
        .members
        .iter()
        .map(|member| (&member.object, unchanged(&member.object)))
        .collect();
    // Where nothing is suspect, nobody needs to know whether the namespaces can be written into.
    let namespaces = if glances.iter().all(|(_, seen)| seen.is_some()) {
        BTreeMap::new()
    } else {
        namespace_states(names, stack, cluster).await?
    };
    stream::iter(glances)
        .map(|(object, seen)| async {
            match seen {
                Some(observation) => Ok(observation),
                None => member::observe(object, environment, &namespaces, cluster).await,
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
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

/// Picks out what the stack does not hold, and looks into it.
async fn orphans(
    stack: &Stack,
    record: &Record,
    objects: BTreeMap<ObjectId, Value>,
    cluster: &Cluster,
) -> Result<Vec<Observation>, ClusterError> {
    let wanted: HashSet<&ObjectId> = stack.members.iter().map(|member| member.object.id()).collect();
    let mut orphans = Vec::new();
    for (id, metadata) in objects {
        if wanted.contains(&id) || !may_be_pruned(&metadata, &record.environment) {
            continue;
        }
        let contents = contents::of(&id, &record.environment, cluster).await?;
        let state = State::Orphaned { metadata, contents };
        orphans.push(Observation { id, state });
    }
    Ok(orphans)
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
