//! Compares a stack with a cluster: reads and dry-runs, never writes.

mod adoption;
pub mod claims;
pub mod contents;
mod dry_run;
mod immutable;
mod listed;
mod listing;
mod node_port;
mod object;
mod stand_in;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Namespace;

use crate::cluster::{Cluster, ClusterError};
use engine_core::object::foreign_fields::{ForeignManager, foreign_fields};
use engine_core::object::{Object, ObjectId, marks};
use engine_core::observation::{Observation, Observations, State};
use engine_core::record::Record;
use engine_core::stack::{Stack, id_of};
use engine_core::status;
use listing::{Listing, Seen};
use object::{Listed, Surroundings};

/// Number of concurrent reads and dry-runs. The cluster module limits the requests in flight.
const AT_ONCE: usize = 32;

/// Whether objects can be written to a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamespaceState {
    Active,
    /// Does not exist; the stack creates it.
    Absent,
    /// Does not exist, and the stack does not create it.
    Missing,
    Terminating,
}

/// How thoroughly the objects of the stack are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Objects whose hash and field ownership prove them unchanged are not dry-run. The number of requests then depends
    /// only on the kinds and namespaces.
    #[default]
    Fast,
    /// Every object is read and dry-run: the reference for the fast check.
    Thorough,
}

/// Whether fields that other field managers own in our objects are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignFields {
    /// Foreign fields are not reported.
    #[default]
    Ignored,
    /// Foreign fields are reported. This costs no request.
    Named,
}

/// What an observation covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// How thoroughly our own fields are checked.
    pub depth: Depth,
    /// Whether foreign fields are reported as well.
    pub foreign_fields: ForeignFields,
}

/// The result of an earlier observation. Objects that have not been written since need no new dry-run.
#[derive(Debug)]
pub struct Before {
    /// The stack at that time.
    pub stack: Stack,
    /// The observations at that time.
    pub observations: Observations,
}

/// Observes every object of the stack, and finds the objects that are no longer in it.
///
/// # Errors
/// When the server cannot be reached at all. Refusals of single objects are part of the result.
pub async fn observe(
    stack: &Stack,
    record: &Record,
    look: Look,
    before: Option<Before>,
    cluster: &Cluster,
) -> Result<Observations, ClusterError> {
    let names = namespaces(stack, record);
    let given: BTreeSet<String> = names
        .iter()
        .filter(|name| stack.find(&id_of::<Namespace>(None, name)).is_none())
        .cloned()
        .collect();
    // The stack's own namespaces are among the listed objects; all others are managed elsewhere.
    let (mut listing, mut claims, given) = tokio::try_join!(
        listing::list(stack, record, look, &names, cluster),
        claims::data_claims(record, &names, cluster),
        namespace_states(&given, stack, cluster),
    )?;
    let (objects, namespaces) = objects(stack, record, &listing, before, &names, given, cluster).await?;
    for live in &mut claims {
        // While its pods are terminating, the claim itself is not yet marked for deletion.
        live.is_terminating |= namespaces.get(&live.claim.namespace) == Some(&NamespaceState::Terminating);
    }
    let strangers = claims::strangers(stack, record, &claims, cluster).await?;
    let versions = listing
        .objects
        .iter()
        .map(|seen| version(seen.as_ref()))
        .collect();
    let mut foreign_fields = std::mem::take(&mut listing.foreign_fields);
    if look.foreign_fields == ForeignFields::Named {
        foreign_fields.extend(foreign_in_unlisted(stack, &listing, &objects));
        foreign_fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    let gaps = listing.gaps.into_iter().map(|gap| gap.why).collect();
    let orphans = orphans(record, listing.orphans, cluster).await?;
    Ok(Observations {
        objects,
        versions,
        orphans,
        claims,
        strangers,
        gaps,
        foreign_fields,
    })
}

/// Returns the foreign fields of objects that no LIST found.
fn foreign_in_unlisted(
    stack: &Stack,
    listing: &Listing,
    objects: &[Observation],
) -> Vec<(ObjectId, Vec<ForeignManager>)> {
    let found = stack.objects.iter().zip(&listing.objects).zip(objects);
    let unlisted = found.filter_map(|((declared, seen), observation)| match &observation.state {
        State::Suspect { live, .. } if seen.is_none() => Some((
            observation.id.clone(),
            foreign_fields(live, &declared.object.json()),
        )),
        _ => None,
    });
    unlisted.filter(|(_, foreign)| !foreign.is_empty()).collect()
}

/// Returns the version of a listed object that needs a dry-run.
fn version(seen: Option<&Seen>) -> Option<String> {
    match seen {
        Some(Seen::Suspect(version)) => Some(version.clone()),
        Some(Seen::Unchanged { .. }) | None => None,
    }
}

/// Observes every object of the stack; also returns the states of the relevant namespaces.
async fn objects(
    stack: &Stack,
    record: &Record,
    listing: &Listing,
    before: Option<Before>,
    names: &BTreeSet<String>,
    given: BTreeMap<String, NamespaceState>,
    cluster: &Cluster,
) -> Result<(Vec<Observation>, BTreeMap<String, NamespaceState>), ClusterError> {
    let mut states = known(stack, listing, before);
    // When no object needs a dry-run, the stack's own namespaces are as they should be.
    let mut namespaces = given;
    if states.iter().any(Option::is_none) {
        let own = names
            .iter()
            .filter(|name| !namespaces.contains_key(*name))
            .cloned()
            .collect();
        namespaces.extend(namespace_states(&own, stack, cluster).await?);
    }
    let around = Surroundings {
        owner: &record.owner,
        namespaces,
        definitions: definitions(stack),
    };
    try_the_rest(&mut states, stack, listing, &around, cluster).await?;
    let observations = stack.objects.iter().zip(states).map(|(declared, state)| {
        let id = declared.object.id();
        let not_tried = || State::Unknown {
            why: "it was not observed".to_owned(),
        };
        Observation {
            id: id.clone(),
            state: around.unless_it_goes(id, state.unwrap_or_else(not_tried)),
        }
    });
    Ok((observations.collect(), around.namespaces))
}

/// Returns each object's state as far as the LISTs and an earlier observation show it; `None` if it needs a dry-run.
fn known(stack: &Stack, listing: &Listing, mut before: Option<Before>) -> Vec<Option<State>> {
    let found = stack.objects.iter().zip(&listing.objects).enumerate();
    found
        .map(|(place, (declared, seen))| match seen {
            Some(Seen::Unchanged { replicas }) => Some(State::Unchanged { replicas: *replicas }),
            Some(Seen::Suspect(version)) => before.as_mut()?.recall(place, &declared.object, Some(version)),
            None if listing.would_hold(declared.object.id()) => {
                before.as_mut()?.recall(place, &declared.object, None)
            }
            None => None,
        })
        .collect()
}

/// Dry-runs the objects whose state is unknown.
async fn try_the_rest(
    states: &mut [Option<State>],
    stack: &Stack,
    listing: &Listing,
    around: &Surroundings<'_>,
    cluster: &Cluster,
) -> Result<(), ClusterError> {
    // Only objects that need a dry-run count towards the concurrency limit.
    let unknown = (0..states.len()).filter(|&place| states[place].is_none());
    let unknown: Vec<usize> = unknown.collect();
    let mut tried = stream::iter(unknown)
        .map(|place| async move {
            let object = &stack.objects[place].object;
            let listed = match &listing.objects[place] {
                None if listing.would_hold(object.id()) => Listed::Missing,
                _ => Listed::Perhaps,
            };
            let state = object::observe(object, listed, around, cluster).await?;
            Ok::<_, ClusterError>((place, state))
        })
        .buffer_unordered(AT_ONCE);
    while let Some((place, state)) = tried.try_next().await? {
        states[place] = Some(state);
    }
    Ok(())
}

impl Before {
    /// Takes out the earlier state, if neither the live nor the desired object has changed since.
    fn recall(&mut self, place: usize, object: &Object, version: Option<&String>) -> Option<State> {
        let earlier = &self.stack.objects.get(place)?.object;
        let is_same = earlier.id() == object.id()
            && earlier.hash() == object.hash()
            && self.observations.versions.get(place)?.as_ref() == version;
        if !is_same {
            return None;
        }
        let state = &mut self.observations.objects.get_mut(place)?.state;
        // A live object without a listed version may have been written since, for example if its label was removed. If another
        // client has created an absent object since, our create finds it and leaves it unchanged.
        let is_proven = match state {
            State::Absent { .. } => true,
            State::Suspect { .. } => version.is_some(),
            _ => false,
        };
        is_proven.then(|| std::mem::replace(state, State::Unchanged { replicas: None }))
    }
}

/// Returns the groups and names of the kinds that the stack itself defines.
fn definitions(stack: &Stack) -> HashSet<(String, String)> {
    let definitions = stack
        .objects
        .iter()
        .filter(|declared| status::defines_kind(&declared.object.id().kind));
    let named = definitions.filter_map(|declared| {
        let json = declared.object.json();
        let group = json["spec"]["group"].as_str()?;
        let kind = json["spec"]["names"]["kind"].as_str()?;
        Some((group.to_owned(), kind.to_owned()))
    });
    named.collect()
}

/// Returns every namespace in which the environment has, or had, objects.
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
                // A user who may not read namespaces may still have access to their objects.
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

/// Observes the orphans: whether their deletion would delete foreign objects.
async fn orphans(
    record: &Record,
    found: Vec<(ObjectId, String)>,
    cluster: &Cluster,
) -> Result<Vec<Observation>, ClusterError> {
    let mut orphans = Vec::new();
    for (id, uid) in found {
        let contents = contents::of(&id, &record.owner, cluster).await?;
        let state = State::Orphaned { uid, contents };
        orphans.push(Observation { id, state });
    }
    Ok(orphans)
}
