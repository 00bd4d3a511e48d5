//! Everything that carries the environment's label, by one LIST for each kind and namespace.

use std::collections::{BTreeSet, HashMap};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::glance::Item;
use super::{AT_ONCE, Beside, Depth, Look};
use crate::cluster::{Cluster, ClusterError, Fold, Representation};
use crate::object::others::{Other, others};
use crate::object::packed::Damaged;
use crate::object::{Kind, Object, ObjectId, marks};
use crate::record::Record;
use crate::stack::Stack;

/// What was listed.
pub(super) struct Listing {
    /// How the members of the stack were found, by their place in it; `None` for those that were not.
    pub(super) members: Vec<Option<Seen>>,
    /// What the stack does not hold and may be deleted, with its metadata.
    pub(super) orphans: Vec<(ObjectId, Value)>,
    /// What could not be listed.
    pub(super) gaps: Vec<Gap>,
    /// What others own in the members, where that is looked for.
    pub(super) others: Vec<(ObjectId, Vec<Other>)>,
}

/// A LIST that failed.
pub(super) struct Gap {
    kind: Kind,
    namespace: Option<String>,
    pub(super) why: String,
}

impl Listing {
    /// Whether an object would have been found, if it carried the environment's label.
    pub(super) fn would_hold(&self, id: &ObjectId) -> bool {
        let hides = |gap: &Gap| gap.kind == id.kind && gap.namespace == id.namespace;
        !self.gaps.iter().any(hides)
    }
}

/// How a member of the stack was found.
pub(super) enum Seen {
    /// As desired.
    Unchanged {
        /// Its number of replicas, where an autoscaler sets them.
        replicas: Option<i64>,
    },
    /// In this version, which must be tried.
    Suspect(String),
}

/// Lists every kind that the environment uses, or has used, in every namespace of it.
pub(super) async fn list(
    stack: &Stack,
    record: &Record,
    look: Look,
    namespaces: &BTreeSet<String>,
    cluster: &Cluster,
) -> Result<Listing, ClusterError> {
    let stack_kinds = stack.members.iter().map(|member| &member.object.id().kind);
    // The stack's own versions of kinds come first, and stay.
    let kinds: BTreeSet<&Kind> = stack_kinds.chain(&record.kinds).collect();
    let selector = format!("{}={}", marks::ENVIRONMENT, record.environment);
    let objects = stack.members.iter().map(|member| &member.object).enumerate();
    let wanted = objects
        .map(|(place, object)| (object.id(), (place, object)))
        .collect();
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
    let listed: Vec<Result<Found<'_>, Gap>> = stream::iter(lists)
        .map(|(kind, namespace)| {
            let (selector, wanted) = (&selector, &wanted);
            async move {
                let representation = representation(kind, stack, look);
                let begin = || Found::begin(kind, &record.environment, look, wanted);
                match cluster
                    .list_items(kind, namespace, selector, representation, begin)
                    .await
                {
                    Ok(found) => Ok(Ok(found)),
                    // One kind that cannot be listed does not hide the others.
                    Err(
                        error @ (ClusterError::Refused { .. }
                        | ClusterError::BadAnswer { .. }
                        | ClusterError::Broken { .. }),
                    ) => Ok(Err(Gap {
                        kind: kind.clone(),
                        namespace: namespace.map(str::to_owned),
                        why: error.to_string(),
                    })),
                    Err(error) => Err(error),
                }
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut listing = Listing {
        members: Vec::new(),
        orphans: Vec::new(),
        gaps: Vec::new(),
        others: Vec::new(),
    };
    listing.members.resize_with(stack.members.len(), || None);
    for list in listed {
        match list {
            Ok(found) => {
                for (place, seen) in found.members {
                    listing.members[place] = Some(seen);
                }
                listing.orphans.extend(found.orphans);
                listing.others.extend(found.others);
            }
            Err(gap) => listing.gaps.push(gap),
        }
    }
    listing.orphans.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(listing)
}

/// What one LIST has found. Objects are judged as they arrive and dropped, so that their number costs little memory.
struct Found<'a> {
    kind: &'a Kind,
    environment: &'a str,
    look: Look,
    wanted: &'a HashMap<&'a ObjectId, (usize, &'a Object)>,
    members: Vec<(usize, Seen)>,
    orphans: Vec<(ObjectId, Value)>,
    others: Vec<(ObjectId, Vec<Other>)>,
}

impl<'a> Found<'a> {
    fn begin(
        kind: &'a Kind,
        environment: &'a str,
        look: Look,
        wanted: &'a HashMap<&'a ObjectId, (usize, &'a Object)>,
    ) -> Self {
        Self {
            kind,
            environment,
            look,
            wanted,
            members: Vec::new(),
            orphans: Vec::new(),
            others: Vec::new(),
        }
    }
}

impl Found<'_> {
    /// Judges an item; returns the member that it is.
    fn judge(&mut self, item: &Item<'_>) -> Option<&Object> {
        let id = ObjectId {
            kind: self.kind.clone(),
            namespace: self.kind.namespaced.then(|| item.namespace.clone().into_owned()),
            name: item.name.clone().into_owned(),
        };
        let Some(&(place, object)) = self.wanted.get(&id) else {
            if item.may_be_pruned(self.environment) {
                self.orphans.push((id, identity(item)));
            }
            return None;
        };
        let seen = if self.look.depth == Depth::Fast && item.is_unchanged(object, self.environment) {
            Seen::Unchanged {
                replicas: item.replicas,
            }
        } else {
            Seen::Suspect(item.version())
        };
        self.members.push((place, seen));
        Some(object)
    }
}

impl Fold for Found<'_> {
    fn take(&mut self, json: &[u8]) -> serde_json::Result<()> {
        let is_named = self.look.beside == Beside::Named;
        let item = Item::from_json(json)?;
        if let Some(object) = self.judge(&item)
            && is_named
        {
            let others = others(&serde_json::from_slice(json)?, &object.json());
            if !others.is_empty() {
                let id = object.id().clone();
                self.others.push((id, others));
            }
        }
        Ok(())
    }

    fn take_packed(&mut self, object: &[u8]) -> Result<(), Damaged> {
        let item = Item::from_packed(object)?;
        self.judge(&item);
        Ok(())
    }
}

/// What is remembered of an orphan: which object it is.
fn identity(item: &Item<'_>) -> Value {
    json!({ "metadata": { "uid": item.uid, "resourceVersion": item.resource_version } })
}

/// In which form a kind is listed.
fn representation(kind: &Kind, stack: &Stack, look: Look) -> Representation {
    if is_needed_whole(kind, stack) {
        Representation::Whole
    } else if look.beside == Beside::Named {
        Representation::Metadata
    } else {
        Representation::PackedMetadata
    }
}

/// Values of Secrets can be changed behind an intact field set, and replicas are shown although they are not ours.
fn is_needed_whole(kind: &Kind, stack: &Stack) -> bool {
    kind.is_secret()
        || stack
            .autoscaled
            .iter()
            .any(|relation| relation.workload.kind == *kind)
}
