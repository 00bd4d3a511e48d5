//! Prune: deletes objects that the stack no longer declares, unless they hold data or foreign objects. Pure.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::change::{Action, Change};
use super::refusal::Refusal;
use super::{Consent, Consents, Plan, effect, rank};
use crate::object::ObjectId;
use crate::observation::{Contents, Evidence, LiveClaim, Observations, State};
use crate::record::Record;
use crate::stack::{Stack, id_of};

/// The most foreign objects that a reason names.
const NAMED: usize = 3;

/// Adds the deletions, in their order, and the objects that are kept.
pub(super) fn add(
    plan: &mut Plan,
    stack: &Stack,
    record: &Record,
    observations: &Observations,
    consents: Consents,
) {
    let mut changes = claims(stack, observations, consents);
    let settled: HashSet<ObjectId> = changes.iter().map(|change| change.id.clone()).collect();
    for orphan in &observations.orphans {
        let State::Orphaned { uid, contents } = &orphan.state else {
            continue;
        };
        let id = &orphan.id;
        // A claim that the environment applied itself is found by its label too.
        if settled.contains(id) {
            continue;
        }
        let why = observations
            .gaps
            .first()
            .map(|gap| format!("not everything could be listed: {gap}"))
            .or_else(|| is_in_use(id, stack))
            .or_else(|| reason_to_keep(id, record, &observations.claims, consents))
            .or_else(|| named_contents(contents));
        changes.push(match why {
            Some(why) => Change::new(id, Action::Keep { why }),
            None => match taken_along(id, &observations.claims, consents) {
                Some(why) => Change::new(id, Action::Refuse { why }),
                None => delete(id, uid),
            },
        });
    }
    keep_homes(&mut changes, &observations.claims);
    changes.sort_by_key(|change| rank::of_deletion(&change.id.kind));
    plan.changes.extend(changes);
    plan.gaps.clone_from(&observations.gaps);
}

/// Keeps a namespace that the stack no longer declares but still uses.
fn is_in_use(id: &ObjectId, stack: &Stack) -> Option<String> {
    (id.kind.is_namespace() && stack.namespaces.contains(&id.name))
        .then(|| "the environment uses it".to_owned())
}

/// Refuses to delete a `StatefulSet` whose claims would be deleted with it.
fn taken_along(id: &ObjectId, claims: &[LiveClaim], consents: Consents) -> Option<Refusal> {
    if !id.kind.is("apps", "StatefulSet") || consents.purge == Consent::Given {
        return None;
    }
    claim_taken_along(id, claims).map(|claim| Refusal::TakesData { claim })
}

/// Finds a claim that would be deleted along with a `StatefulSet`.
pub(super) fn claim_taken_along(workload: &ObjectId, claims: &[LiveClaim]) -> Option<ObjectId> {
    let is_near = |live: &&LiveClaim| Some(&live.claim.namespace) == workload.namespace.as_ref();
    let mut near = claims.iter().filter(is_near);
    near.find(|live| live.goes_with_its_workload).map(claim_id)
}

fn delete(id: &ObjectId, uid: &str) -> Change {
    let mut change = Change::new(
        id,
        Action::Delete {
            uid: uid.to_owned(),
            makes_way_for: None,
        },
    );
    change.effects = effect::of_deletion(id);
    change
}

fn claim_id(live: &LiveClaim) -> ObjectId {
    id_of::<PersistentVolumeClaim>(Some(&live.claim.namespace), &live.claim.name)
}

/// Claims that no workload of the stack mounts. Those known by their labels alone are never deleted.
fn claims(stack: &Stack, observations: &Observations, consents: Consents) -> Vec<Change> {
    observations
        .claims
        .iter()
        .map(|live| (claim_id(live), live))
        .filter(|(id, _)| stack.claims.iter().all(|expected| expected.claim != *id))
        .map(|(id, live)| {
            let volume = &live.claim.volume;
            let why = if live.evidence == Evidence::Given {
                "it was provided, not created by the environment".to_owned()
            } else if live.is_terminating {
                format!("is being deleted by someone else; its data is in volume {volume}")
            } else if live.evidence == Evidence::Labels {
                format!("may hold this environment's data (volume {volume}), but is not in the record")
            } else if consents.purge == Consent::Withheld {
                format!("holds data (volume {volume})")
            } else if let Some(gap) = observations.gaps.first() {
                // A workload that mounts it may be among the unlisted objects, which stay.
                format!("not everything could be listed: {gap}")
            } else {
                return delete(&id, &live.claim.uid);
            };
            Change::new(&id, Action::Keep { why })
        })
        .collect()
}

fn reason_to_keep(
    id: &ObjectId,
    record: &Record,
    claims: &[LiveClaim],
    consents: Consents,
) -> Option<String> {
    if consents.purge == Consent::Given {
        return None;
    }
    if id.kind.is("", "PersistentVolumeClaim") || id.kind.is("", "PersistentVolume") {
        return Some("holds data".to_owned());
    }
    let claim = &claims.first()?.claim;
    record
        .data_keys
        .contains(id)
        .then(|| format!("unlocks the data in claim {}/{}", claim.namespace, claim.name))
}

fn named_contents(contents: &Contents) -> Option<String> {
    match contents {
        Contents::Ours => None,
        Contents::Unknown(why) => Some(format!("its contents are unknown: {why}")),
        Contents::Foreign(foreign) => {
            let names: Vec<String> = foreign.iter().take(NAMED).map(ToString::to_string).collect();
            let more = match foreign.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Some(format!("holds foreign objects: {}{more}", names.join(", ")))
        }
    }
}

/// Keeps the namespaces in which anything is kept, and those with any claim.
fn keep_homes(changes: &mut [Change], claims: &[LiveClaim]) {
    let deleted: Vec<ObjectId> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete { .. }))
        .map(|change| change.id.clone())
        .collect();
    let kept = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Keep { .. } | Action::Refuse { .. }))
        .map(|change| change.id.clone());
    let mut staying: Vec<ObjectId> = kept.collect();
    for claim in claims.iter().map(claim_id) {
        if !deleted.contains(&claim) && !staying.contains(&claim) {
            staying.push(claim);
        }
    }
    for change in changes.iter_mut().filter(|change| change.id.kind.is_namespace()) {
        let name = Some(&change.id.name);
        let inside: Vec<String> = staying
            .iter()
            .filter(|id| id.namespace.as_ref() == name)
            .map(ToString::to_string)
            .collect();
        if matches!(change.action, Action::Delete { .. }) && !inside.is_empty() {
            change.action = Action::Keep {
                why: format!("holds {}", inside.join(", ")),
            };
        }
    }
}
