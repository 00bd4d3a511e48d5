//! What stands in a namespace that is not the environment's, so that the namespace must stay.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::{AT_ONCE, identify};
use crate::cluster::{Cluster, ClusterError};
use crate::object::belonging::{Belonging, belonging};
use crate::object::{Kind, ObjectId, marks};

/// Lists the objects in a namespace that neither belong to the environment nor come with every namespace.
///
/// # Errors
/// When one of the kinds cannot be listed: then nobody knows what a deletion would take along.
pub async fn foreign(
    namespace: &str,
    environment: &str,
    cluster: &Cluster,
) -> Result<Vec<ObjectId>, ClusterError> {
    let kinds = cluster.namespaced_kinds().await?;
    let lists: Vec<Vec<ObjectId>> = stream::iter(kinds.iter().filter(|kind| holds_things(kind)))
        .map(|kind| async move {
            let items = cluster.list_metadata(kind, Some(namespace), "").await?;
            Ok::<_, ClusterError>(
                items
                    .iter()
                    .filter(|item| is_foreign(kind, item, environment))
                    .map(|item| identify(kind, item))
                    .collect(),
            )
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(lists.concat())
}

/// Whether objects of this kind are things that somebody made, and not reports about others.
fn holds_things(kind: &Kind) -> bool {
    !matches!(kind.group.as_str(), "metrics.k8s.io" | "events.k8s.io") && kind.plural != "events"
}

fn is_foreign(kind: &Kind, object: &Value, environment: &str) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let comes_with_the_namespace = (kind.is("", "ConfigMap") && name == "kube-root-ca.crt")
        || (kind.is("", "ServiceAccount") && name == "default");
    // What has an owner goes with it; the owner stands in one of the lists itself.
    let has_owner = object["metadata"]["ownerReferences"]
        .as_array()
        .is_some_and(|owners| !owners.is_empty());
    // Endpoints take the labels of their Service over, and have no owner.
    let is_made_by_a_service = kind.is("", "Endpoints");
    let is_our_claim = kind.is("", "PersistentVolumeClaim")
        && marks::label(object, "app.kubernetes.io/instance") == Some(environment);
    !comes_with_the_namespace
        && !has_owner
        && !is_made_by_a_service
        && !is_our_claim
        && belonging(object, environment) != Belonging::Ours
}
