//! Finds foreign objects that would be deleted along with an object, which must then be kept.

use std::collections::HashSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::AT_ONCE;
use crate::cluster::{Cluster, ClusterError, Fold, Representation};
use engine_core::object::owner::{Owner, Ownership, looks_like_our_claim, ownership};
use engine_core::object::{Kind, KindNames, ObjectId, marks};
use engine_core::observation::Contents;
use engine_core::status;

/// Lists the contents of an object to be deleted: a namespace or the definition of a kind.
///
/// # Errors
/// When the connection fails.
pub async fn of(id: &ObjectId, owner: &Owner, cluster: &Cluster) -> Result<Contents, ClusterError> {
    let foreign = if id.kind.is_namespace() {
        in_namespace(&id.name, owner, cluster).await
    } else if status::defines_kind(&id.kind) {
        of_kind(id, owner, cluster).await
    } else {
        return Ok(Contents::Ours);
    };
    match foreign {
        Ok(foreign) if foreign.is_empty() => Ok(Contents::Ours),
        Ok(foreign) => Ok(Contents::Foreign(foreign)),
        // A failed LIST of one kind is a reason to keep the object, not to stop.
        Err(error @ (ClusterError::Refused { .. } | ClusterError::BadAnswer { .. })) => {
            Ok(Contents::Unknown(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// Lists the foreign objects in a namespace, except those that every namespace has.
///
/// Claims with the environment's data are left out: a plan handles them separately.
async fn in_namespace(
    namespace: &str,
    owner: &Owner,
    cluster: &Cluster,
) -> Result<Vec<ObjectId>, ClusterError> {
    let kinds = cluster.namespaced_kinds().await?;
    let listed: Vec<Found<'_>> = stream::iter(kinds.iter().filter(|kind| holds_things(kind)))
        .map(|kind| list(kind, Some(namespace), owner, cluster))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    // An object is deleted with its owner in the same namespace, which one of the LISTs has found.
    let here: HashSet<&str> = listed
        .iter()
        .flat_map(|found| found.uids.iter().map(String::as_str))
        .collect();
    let foreign = listed.iter().flat_map(|found| &found.foreign);
    Ok(foreign
        .filter(|foreign| !foreign.owners.iter().any(|owner| here.contains(owner.as_str())))
        .map(|foreign| foreign.id.clone())
        .collect())
}

/// Lists the foreign objects, in all namespaces, of the kind that an object defines.
async fn of_kind(
    definition: &ObjectId,
    owner: &Owner,
    cluster: &Cluster,
) -> Result<Vec<ObjectId>, ClusterError> {
    let Some(live) = cluster.read(definition).await? else {
        return Ok(Vec::new());
    };
    let Some(kind) = defined_kind(&live) else {
        return Ok(Vec::new());
    };
    let found = list(&kind, None, owner, cluster).await?;
    Ok(found.foreign.into_iter().map(|foreign| foreign.id).collect())
}

/// Returns the defined kind, in the first served version.
fn defined_kind(definition: &Value) -> Option<Kind> {
    let spec = &definition["spec"];
    let versions = spec["versions"].as_array()?;
    let served = versions.iter().find(|version| version["served"] == true)?;
    Some(Kind::from(KindNames {
        group: spec["group"].as_str()?.to_owned(),
        version: served["name"].as_str()?.to_owned(),
        kind: spec["names"]["kind"].as_str()?.to_owned(),
        plural: spec["names"]["plural"].as_str()?.to_owned(),
        namespaced: spec["scope"] == "Namespaced",
    }))
}

async fn list<'a>(
    kind: &'a Kind,
    namespace: Option<&str>,
    owner: &'a Owner,
    cluster: &Cluster,
) -> Result<Found<'a>, ClusterError> {
    let begin = || Found {
        kind,
        owner,
        uids: Vec::new(),
        foreign: Vec::new(),
    };
    cluster
        .list_items(kind, namespace, "", Representation::Metadata, begin)
        .await
}

/// The result of one LIST: all UIDs, and the identities of objects that may be foreign.
struct Found<'a> {
    kind: &'a Kind,
    owner: &'a Owner,
    uids: Vec<String>,
    foreign: Vec<Foreign>,
}

struct Foreign {
    id: ObjectId,
    owners: Vec<String>,
}

impl Fold for Found<'_> {
    fn take(&mut self, item: &[u8]) -> serde_json::Result<()> {
        let object: Value = serde_json::from_slice(item)?;
        self.uids.push(marks::uid(&object).to_owned());
        if may_be_foreign(self.kind, &object, self.owner) {
            let owners = object["metadata"]["ownerReferences"].as_array();
            let owners = owners.into_iter().flatten();
            self.foreign.push(Foreign {
                id: ObjectId::of_live(self.kind, &object),
                owners: owners
                    .filter_map(|owner| owner["uid"].as_str().map(str::to_owned))
                    .collect(),
            });
        }
        Ok(())
    }
}

/// Returns whether objects of this kind hold content, unlike events and metrics.
fn holds_things(kind: &Kind) -> bool {
    !matches!(kind.group.as_str(), "metrics.k8s.io" | "events.k8s.io") && kind.plural != "events"
}

fn may_be_foreign(kind: &Kind, object: &Value, owner: &Owner) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let comes_with_the_namespace = (kind.is("", "ConfigMap") && name == "kube-root-ca.crt")
        || (kind.is("", "ServiceAccount") && name == "default");
    // Endpoints copy the labels of their Service and have no owner reference.
    let is_made_by_a_service = kind.is("", "Endpoints");
    let is_our_claim = kind.is("", "PersistentVolumeClaim") && looks_like_our_claim(object, owner);
    !comes_with_the_namespace
        && !is_made_by_a_service
        && !is_our_claim
        && ownership(object, owner) != Ownership::Ours
}
