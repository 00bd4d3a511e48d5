//! What stands in a namespace that is not the environment's, so that the namespace must stay.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::{AT_ONCE, identify};
use crate::cluster::{Cluster, ClusterError};
use crate::object::belonging::{Belonging, belonging, looks_like_our_claim};
use crate::object::{Kind, ObjectId, marks};
use crate::observation::Contents;

/// Looks into an object that is to be deleted.
///
/// # Errors
/// When the server cannot be asked at all.
pub async fn of(id: &ObjectId, environment: &str, cluster: &Cluster) -> Result<Contents, ClusterError> {
    if !id.kind.is_namespace() {
        return Ok(Contents::Ours);
    }
    match foreign(&id.name, environment, cluster).await {
        Ok(foreign) if foreign.is_empty() => Ok(Contents::Ours),
        Ok(foreign) => Ok(Contents::Foreign(foreign)),
        // One kind that cannot be listed is a reason to keep the namespace, not to stop.
        Err(error @ (ClusterError::Refused { .. } | ClusterError::BadAnswer { .. })) => {
            Ok(Contents::Unknown(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// Lists the objects in a namespace that neither belong to the environment nor come with every namespace.
///
/// Claims with the environment's data are not among them; they have their own place in a plan.
async fn foreign(
    namespace: &str,
    environment: &str,
    cluster: &Cluster,
) -> Result<Vec<ObjectId>, ClusterError> {
    let kinds = cluster.namespaced_kinds().await?;
    let lists: Vec<(&Kind, Vec<Value>)> = stream::iter(kinds.iter().filter(|kind| holds_things(kind)))
        .map(|kind| async move {
            let items = cluster.list_metadata(kind, Some(namespace), "").await?;
            Ok::<_, ClusterError>((kind, items))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let here: BTreeSet<&str> = lists
        .iter()
        .flat_map(|(_, items)| items)
        .map(marks::uid)
        .collect();
    Ok(lists
        .iter()
        .flat_map(|(kind, items)| items.iter().map(move |item| (*kind, item)))
        .filter(|(kind, item)| is_foreign(kind, item, environment, &here))
        .map(|(kind, item)| identify(kind, item))
        .collect())
}

/// Whether objects of this kind are things that somebody made, and not reports about others.
fn holds_things(kind: &Kind) -> bool {
    !matches!(kind.group.as_str(), "metrics.k8s.io" | "events.k8s.io") && kind.plural != "events"
}

fn is_foreign(kind: &Kind, object: &Value, environment: &str, here: &BTreeSet<&str>) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let comes_with_the_namespace = (kind.is("", "ConfigMap") && name == "kube-root-ca.crt")
        || (kind.is("", "ServiceAccount") && name == "default");
    // What an object in the same namespace owns goes with that; the owner stands in one of the lists itself.
    let owners = object["metadata"]["ownerReferences"].as_array();
    let has_owner_here = owners
        .into_iter()
        .flatten()
        .any(|owner| owner["uid"].as_str().is_some_and(|uid| here.contains(uid)));
    // Endpoints take the labels of their Service over, and have no owner.
    let is_made_by_a_service = kind.is("", "Endpoints");
    let is_our_claim = kind.is("", "PersistentVolumeClaim") && looks_like_our_claim(object, environment);
    !comes_with_the_namespace
        && !has_owner_here
        && !is_made_by_a_service
        && !is_our_claim
        && belonging(object, environment) != Belonging::Ours
}
