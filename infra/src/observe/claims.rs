//! The claims with the environment's data.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::Value;

use super::{AT_ONCE, identify};
use crate::cluster::{Cluster, ClusterError};
use crate::object::belonging::{Belonging, belonging, looks_like_our_claim};
use crate::object::{ObjectId, kind_of, marks, ownership};
use crate::observation::{Evidence, LiveClaim};
use crate::record::{Claim, Record};
use crate::stack::Stack;

/// Lists the claims with the environment's data in these namespaces, those that are being deleted included.
///
/// # Errors
/// When the server cannot be asked or refuses: without this list nobody knows what would be lost.
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
        .filter_map(|live| data_claim(&identify(&kind, live), live, record))
        .collect())
}

/// Reads a claim, if it holds data of the environment.
fn data_claim(id: &ObjectId, live: &Value, record: &Record) -> Option<LiveClaim> {
    let uid = marks::uid(live);
    let is_recorded = record.claim(id).is_some_and(|recorded| recorded.uid == uid);
    let is_applied =
        ownership::ours(live).is_some() && belonging(live, &record.environment) == Belonging::Ours;
    let evidence = if record.given_claims.contains(id) {
        Evidence::Given
    } else if is_recorded || is_applied {
        Evidence::Recorded
    } else if looks_like_our_claim(live, &record.environment) || record.claim(id).is_some() {
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

/// Finds the claims that a database of the stack would mount although they are somebody else's.
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

/// Finds a claim anywhere in the cluster that looks as those of the environment do.
///
/// # Errors
/// When the server cannot be asked. A user who may not list all claims is told nothing.
pub(super) async fn find_anywhere(
    environment: &str,
    cluster: &Cluster,
) -> Result<Option<ObjectId>, ClusterError> {
    let kind = kind_of::<PersistentVolumeClaim>();
    let selector = format!("app.kubernetes.io/instance={environment}");
    let listed = match cluster.list(&kind, None, &selector).await {
        Err(error) if error.is_forbidden() => return Ok(None),
        listed => listed?,
    };
    let found = listed.iter().find(|live| looks_like_our_claim(live, environment));
    Ok(found.map(|live| identify(&kind, live)))
}
