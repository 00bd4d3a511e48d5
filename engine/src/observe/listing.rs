//! Lists all objects with the environment's label: one LIST per kind and namespace.

use std::collections::{BTreeSet, HashMap};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use super::listed::Item;
use super::{AT_ONCE, Depth, ForeignFields, Look};
use crate::cluster::{Cluster, ClusterError, Fold, Representation};
use engine_core::object::foreign_fields::{ForeignManager, foreign_fields};
use engine_core::object::owner::Owner;
use engine_core::object::packed::Damaged;
use engine_core::object::{Identity, Kind, Object, ObjectId};
use engine_core::record::Record;
use engine_core::stack::{Stack, id_of};

/// The result of all LISTs.
pub(super) struct Listing {
    /// The objects of the stack, by position; `None` for those not listed.
    pub(super) objects: Vec<Option<Seen>>,
    /// Objects that are not in the stack and that a prune may delete, with their UIDs.
    pub(super) orphans: Vec<(ObjectId, String)>,
    /// The LISTs that failed.
    pub(super) gaps: Vec<Gap>,
    /// The foreign fields of each object, if requested.
    pub(super) foreign_fields: Vec<(ObjectId, Vec<ForeignManager>)>,
}

/// A LIST that failed.
pub(super) struct Gap {
    kind: Kind,
    namespace: Option<String>,
    pub(super) why: String,
}

impl Listing {
    /// Returns whether the LISTs would have found an object that carries the environment's label.
    pub(super) fn would_hold(&self, id: &ObjectId) -> bool {
        let hides = |gap: &Gap| gap.kind == id.kind && gap.namespace == id.namespace;
        !self.gaps.iter().any(hides)
    }
}

/// A listed object of the stack.
pub(super) enum Seen {
    /// The object is provably as desired.
    Unchanged {
        /// The live number of replicas, if an autoscaler sets it.
        replicas: Option<i64>,
    },
    /// The object has this version and needs a dry-run.
    Suspect(String),
}

/// Lists every kind that the environment uses, or has used, in each of its namespaces.
pub(super) async fn list(
    stack: &Stack,
    record: &Record,
    look: Look,
    namespaces: &BTreeSet<String>,
    cluster: &Cluster,
) -> Result<Listing, ClusterError> {
    let stack_kinds = stack.objects.iter().map(|declared| &declared.object.id().kind);
    // The stack's own versions of kinds come first and take precedence.
    let kinds: BTreeSet<&Kind> = stack_kinds.chain(&record.kinds).collect();
    let mut wanted: HashMap<&Kind, Wanted<'_>> = HashMap::new();
    for (place, declared) in stack.objects.iter().enumerate() {
        let id = declared.object.id();
        let of_kind = wanted.entry(&id.kind).or_default();
        of_kind.insert((id.namespace.as_deref(), &id.name), (place, &declared.object));
    }
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
    let search = Search {
        owner: &record.owner,
        stack,
        look,
        cluster,
    };
    let listed: Vec<Result<Found<'_>, Gap>> = stream::iter(lists)
        .map(|(kind, namespace)| {
            let (search, wanted) = (&search, wanted.get(kind));
            async move {
                match search.list(kind, namespace, wanted).await {
                    Ok(found) => Ok(Ok(found)),
                    // A failed LIST of one kind must not hide the others.
                    Err(
                        error @ (ClusterError::Refused { .. }
                        | ClusterError::BadAnswer { .. }
                        | ClusterError::Broken { .. }
                        | ClusterError::NotServed { .. }),
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
        objects: Vec::new(),
        orphans: Vec::new(),
        gaps: Vec::new(),
        foreign_fields: Vec::new(),
    };
    listing.objects.resize_with(stack.objects.len(), || None);
    for list in listed {
        match list {
            Ok(found) => {
                for (place, seen) in found.objects {
                    listing.objects[place] = Some(seen);
                }
                listing.orphans.extend(found.orphans);
                listing.foreign_fields.extend(found.foreign_fields);
            }
            Err(gap) => listing.gaps.push(gap),
        }
    }
    listing.orphans.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(listing)
}

/// The parameters that all LISTs share.
struct Search<'a> {
    owner: &'a Owner,
    stack: &'a Stack,
    look: Look,
    cluster: &'a Cluster,
}

impl<'a> Search<'a> {
    /// Lists a kind in its known version, or in another if the server no longer serves that version.
    async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        wanted: Option<&'a Wanted<'a>>,
    ) -> Result<Found<'a>, ClusterError> {
        if let Some(found) = self.list_version(kind, namespace, wanted).await? {
            return Ok(found);
        }
        // A declared object is dry-run in its own version, and that response shows the error.
        if wanted.is_none() {
            for version in self.cluster.versions(kind).await? {
                let served = kind.in_version(&version);
                if let Some(found) = self.list_version(&served, namespace, None).await? {
                    return Ok(found);
                }
            }
            // Without its definition, a kind has no objects left.
            let definition = format!("{}.{}", kind.plural, kind.group);
            let definition = id_of::<CustomResourceDefinition>(None, &definition);
            if self.cluster.read(&definition).await?.is_some() {
                return Err(ClusterError::NotServed {
                    attempt: format!("list {} ({})", kind.plural, kind.api_version()),
                });
            }
        }
        Ok(Found::begin(kind, self.owner, self.look, wanted))
    }

    async fn list_version(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        wanted: Option<&'a Wanted<'a>>,
    ) -> Result<Option<Found<'a>>, ClusterError> {
        let selector = self.owner.selector();
        let representation = representation(kind, self.stack, self.look);
        let begin = || Found::begin(kind, self.owner, self.look, wanted);
        self.cluster
            .list_served(kind, namespace, &selector, representation, begin)
            .await
    }
}

/// Objects of one kind with their positions in the stack, by namespace and name.
type Wanted<'a> = HashMap<(Option<&'a str>, &'a str), (usize, &'a Object)>;

/// The result of one LIST. Objects are classified as they arrive and then dropped, which bounds memory.
struct Found<'a> {
    kind: Kind,
    owner: &'a Owner,
    look: Look,
    wanted: Option<&'a Wanted<'a>>,
    objects: Vec<(usize, Seen)>,
    orphans: Vec<(ObjectId, String)>,
    foreign_fields: Vec<(ObjectId, Vec<ForeignManager>)>,
}

impl<'a> Found<'a> {
    fn begin(kind: &Kind, owner: &'a Owner, look: Look, wanted: Option<&'a Wanted<'a>>) -> Self {
        Self {
            kind: kind.clone(),
            owner,
            look,
            wanted,
            objects: Vec::new(),
            orphans: Vec::new(),
            foreign_fields: Vec::new(),
        }
    }
}

impl Found<'_> {
    /// Classifies an item; returns the matching object of the stack.
    fn judge(&mut self, item: &Item<'_>) -> Option<&Object> {
        let namespace = self.kind.namespaced.then_some(&*item.namespace);
        let found = self
            .wanted
            .and_then(|wanted| wanted.get(&(namespace, &*item.name)));
        let Some(&(place, object)) = found else {
            if item.may_be_pruned(self.owner) {
                let id = ObjectId::from(Identity {
                    kind: self.kind.clone(),
                    namespace: namespace.map(str::to_owned),
                    name: item.name.clone().into_owned(),
                });
                self.orphans.push((id, item.uid.clone().into_owned()));
            }
            return None;
        };
        let seen = if self.look.depth == Depth::Fast && item.is_unchanged(object, self.owner) {
            Seen::Unchanged {
                replicas: item.replicas,
            }
        } else {
            Seen::Suspect(item.version())
        };
        self.objects.push((place, seen));
        Some(object)
    }
}

impl Fold for Found<'_> {
    fn take(&mut self, json: &[u8]) -> serde_json::Result<()> {
        let is_named = self.look.foreign_fields == ForeignFields::Named;
        let item = Item::from_json(json)?;
        if let Some(object) = self.judge(&item)
            && is_named
        {
            let foreign = foreign_fields(&serde_json::from_slice(json)?, &object.json());
            if !foreign.is_empty() {
                let id = object.id().clone();
                self.foreign_fields.push((id, foreign));
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

/// Returns the representation in which a kind is listed.
fn representation(kind: &Kind, stack: &Stack, look: Look) -> Representation {
    if is_needed_whole(kind, stack) {
        Representation::Whole
    } else if look.foreign_fields == ForeignFields::Named {
        Representation::Metadata
    } else {
        Representation::PackedMetadata
    }
}

/// Returns whether a LIST needs whole objects: values of Secrets can change while their field set stays the same, and a plan
/// shows the number of replicas even though the autoscaler owns it.
fn is_needed_whole(kind: &Kind, stack: &Stack) -> bool {
    kind.is_secret()
        || stack
            .autoscaled
            .iter()
            .any(|relation| relation.workload.kind == *kind)
}
