//! What becomes of objects that are no longer wanted: deleted, unless they hold data or somebody else's things. Pure.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::change::{Action, Change};
use super::{Consent, Consents, Plan, effect, rank};
use crate::object::{ObjectId, marks};
use crate::observe::{Observations, State};
use crate::record::{Claim, Record};
use crate::stack::{Stack, id_of};

/// How many foreign objects are named in a reason.
const NAMED: usize = 3;

/// Adds the deletions in their order, and what is kept instead.
pub(super) fn add(
    plan: &mut Plan,
    stack: &Stack,
    record: &Record,
    observations: &Observations,
    consents: Consents,
) {
    let mut changes = claims(stack, record, &observations.claims, consents);
    for orphan in &observations.orphans {
        let State::Orphaned {
            metadata,
            foreign_contents,
        } = &orphan.state
        else {
            continue;
        };
        // A claim that the environment applied itself is found by its label too.
        if changes.iter().any(|change| change.id == orphan.id) {
            continue;
        }
        let why = observations
            .gaps
            .first()
            .map(|gap| format!("not everything could be listed: {gap}"))
            .or_else(|| reason_to_keep(&orphan.id, record, &observations.claims, consents))
            .or_else(|| named_contents(foreign_contents));
        changes.push(match why {
            Some(why) => Change::new(&orphan.id, Action::Keep { why }),
            None => delete(&orphan.id, marks::uid(metadata)),
        });
    }
    keep_homes(&mut changes);
    changes.sort_by_key(|change| rank::of_deletion(&change.id.kind));
    plan.changes.extend(changes);
    plan.gaps.clone_from(&observations.gaps);
}

fn delete(id: &ObjectId, uid: &str) -> Change {
    let mut change = Change::new(id, Action::Delete { uid: uid.to_owned() });
    change.effects = effect::of_deletion(id);
    change
}

/// Claims that no workload of the stack mounts.
fn claims(stack: &Stack, record: &Record, claims: &[Claim], consents: Consents) -> Vec<Change> {
    claims
        .iter()
        .map(|claim| {
            let id = id_of::<PersistentVolumeClaim>(Some(&claim.namespace), &claim.name);
            (id, claim)
        })
        .filter(|(id, _)| stack.claims.iter().all(|expected| expected.claim != *id))
        .map(|(id, claim)| match consents.purge {
            _ if record.given_claims.contains(&id) => {
                let why = "it was given, with whatever it holds".to_owned();
                Change::new(&id, Action::Keep { why })
            }
            Consent::Given => delete(&id, &claim.uid),
            Consent::Withheld => {
                let why = format!("holds data (volume {})", claim.volume);
                Change::new(&id, Action::Keep { why })
            }
        })
        .collect()
}

fn reason_to_keep(id: &ObjectId, record: &Record, claims: &[Claim], consents: Consents) -> Option<String> {
    if consents.purge == Consent::Given {
        return None;
    }
    if id.kind.is("", "PersistentVolumeClaim") || id.kind.is("", "PersistentVolume") {
        return Some("holds data".to_owned());
    }
    let claim = claims.first()?;
    record
        .data_keys
        .contains(id)
        .then(|| format!("opens the data in claim {}/{}", claim.namespace, claim.name))
}

fn named_contents(foreign: &[ObjectId]) -> Option<String> {
    if foreign.is_empty() {
        return None;
    }
    let names: Vec<String> = foreign.iter().take(NAMED).map(ToString::to_string).collect();
    let more = foreign.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(format!("holds what is not ours: {}{more}", names.join(", ")))
}

/// Keeps the namespaces in which anything is kept.
fn keep_homes(changes: &mut [Change]) {
    let kept: Vec<ObjectId> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Keep { .. }))
        .map(|change| change.id.clone())
        .collect();
    for change in changes.iter_mut().filter(|change| change.id.kind.is_namespace()) {
        let name = Some(&change.id.name);
        let inside: Vec<String> = kept
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
