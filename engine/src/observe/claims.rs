//! Finds the claims that hold the environment's data.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::Value;

use super::AT_ONCE;
use crate::cluster::{Cluster, ClusterError};
use engine_core::object::owner::{Owner, Ownership, looks_like_our_claim, ownership};
use engine_core::object::{ObjectId, field_managers, kind_of, marks};
use engine_core::observation::{Evidence, LiveClaim};
use engine_core::record::{Claim, Record};
use engine_core::stack::Stack;

/// Lists the claims that hold the environment's data in these namespaces, including those that are being deleted.
///
/// # Errors
/// When the LIST fails: without it, a plan cannot know which data would be lost.
pub async fn data_claims(
    record: &Record,
    namespaces: &BTreeSet<String>,
    cluster: &Cluster,
) -> Result<Vec<LiveClaim>, ClusterError> {
    let kind = kind_of::<PersistentVolumeClaim>();
    let lists: Vec<Vec<Value>> = stream::iter(namespaces)
        .map(|namespace| cluster.list(&kind, Some(namespace), ""))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let live = lists.iter().flatten();
    Ok(live
        .filter_map(|live| data_claim(&ObjectId::of_live(&kind, live), live, record))
        .collect())
}

/// Converts a live claim, if it holds data of the environment.
fn data_claim(id: &ObjectId, live: &Value, record: &Record) -> Option<LiveClaim> {
    let uid = marks::uid(live);
    let is_recorded = record.claim(id).is_some_and(|recorded| recorded.uid == uid);
    let is_applied =
        field_managers::ours(live).is_some() && ownership(live, &record.owner) == Ownership::Ours;
    let evidence = if record.given_claims.contains(id) {
        Evidence::Given
    } else if is_recorded || is_applied {
        Evidence::Recorded
    } else if looks_like_our_claim(live, &record.owner) || record.claim(id).is_some() {
        Evidence::Labels
    } else {
        return None;
    };
    let owners = live["metadata"]["ownerReferences"].as_array();
    Some(LiveClaim {
        claim: Claim {
            namespace: id.namespace.clone().unwrap_or_default(),
            name: id.name.clone(),
            uid: uid.to_owned(),
            volume: live["spec"]["volumeName"].as_str().unwrap_or_default().to_owned(),
        },
        evidence,
        is_terminating: marks::is_terminating(live),
        goes_with_its_workload: owners
            .is_some_and(|owners| owners.iter().any(|owner| owner["kind"] == "StatefulSet")),
    })
}

/// Finds claims that the environment does not own but that a database of the stack would mount.
pub(super) async fn strangers(
    stack: &Stack,
    record: &Record,
    ours: &[LiveClaim],
    cluster: &Cluster,
) -> Result<Vec<ObjectId>, ClusterError> {
    let mut strangers = Vec::new();
    for expected in &stack.claims {
        let id = &expected.claim;
        if ours.iter().any(|live| live.claim.is_named(id)) {
            continue;
        }
        if let Some(live) = cluster.read(id).await?
            && data_claim(id, &live, record).is_none()
        {
            strangers.push(id.clone());
        }
    }
    Ok(strangers)
}

/// Finds a claim in any namespace with the labels of the environment's claims.
///
/// # Errors
/// When the LIST fails. Without permission to list all claims, the result is `None`.
pub(crate) async fn find_anywhere(
    owner: &Owner,
    cluster: &Cluster,
) -> Result<Option<ObjectId>, ClusterError> {
    let kind = kind_of::<PersistentVolumeClaim>();
    let selector = format!("app.kubernetes.io/instance={}", owner.environment);
    let listed = match cluster.list(&kind, None, &selector).await {
        Err(error) if error.is_forbidden() => return Ok(None),
        listed => listed?,
    };
    let found = listed.iter().find(|live| looks_like_our_claim(live, owner));
    Ok(found.map(|live| ObjectId::of_live(&kind, live)))
}
