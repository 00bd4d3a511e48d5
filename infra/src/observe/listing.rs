//! Everything that carries the environment's label, by one LIST for each kind and namespace.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::{AT_ONCE, identify};
use crate::cluster::{Cluster, ClusterError};
use crate::object::{Kind, ObjectId, marks};
use crate::record::Record;
use crate::stack::Stack;

/// What was listed.
pub(super) struct Listing {
    /// The objects: metadata only, but for Secrets and autoscaled workloads.
    pub(super) objects: BTreeMap<ObjectId, Value>,
    /// What could not be listed.
    pub(super) gaps: Vec<String>,
}

/// Lists every kind that the environment uses, or has used, in every namespace of it.
pub(super) async fn list(
    stack: &Stack,
    record: &Record,
    namespaces: &BTreeSet<String>,
    cluster: &Cluster,
) -> Result<Listing, ClusterError> {
    let stack_kinds = stack.members.iter().map(|member| &member.object.id().kind);
    // The stack's own versions of kinds come first, and stay.
    let kinds: BTreeSet<&Kind> = stack_kinds.chain(&record.kinds).collect();
    let selector = format!("{}={}", marks::ENVIRONMENT, record.environment);
    let mut lists: Vec<(&Kind, Option<&str>)> = Vec::new();
    for kind in kinds {
        if kind.namespaced {
            lists.extend(
                namespaces
                    .iter()
                    .map(|namespace| (kind, Some(namespace.as_str()))),
            );
        } else {
            lists.push((kind, None));
        }
    }
    let listed: Vec<Result<(&Kind, Vec<Value>), String>> = stream::iter(lists)
        .map(|(kind, namespace)| {
            let selector = &selector;
            async move {
                let items = if is_needed_whole(kind, stack) {
                    cluster.list(kind, namespace, selector).await
                } else {
                    cluster.list_metadata(kind, namespace, selector).await
                };
                match items {
                    Ok(items) => Ok(Ok((kind, items))),
                    Err(error @ ClusterError::Refused { .. }) => Ok(Err(error.to_string())),
                    Err(error) => Err(error),
                }
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut listing = Listing {
        objects: BTreeMap::new(),
        gaps: Vec::new(),
    };
    for list in listed {
        match list {
            Ok((kind, items)) => {
                let items = items.into_iter().map(|item| (identify(kind, &item), item));
                listing.objects.extend(items);
            }
            Err(gap) => listing.gaps.push(gap),
        }
    }
    Ok(listing)
}

/// Values of Secrets can be changed behind an intact field set, and replicas are shown although they are not ours.
fn is_needed_whole(kind: &Kind, stack: &Stack) -> bool {
    kind.is_secret()
        || stack
            .autoscaled
            .iter()
            .any(|relation| relation.workload.kind == *kind)
}
