//! Guards the data: a database with recorded data never starts empty. Pure.

use super::change::{Action, Change, Note};
use super::refusal::Refusal;
use super::{Consent, Consents, Plan};
use crate::observation::{LiveClaim, Observations};
use crate::record::{Claim, Record};
use crate::stack::{ClaimOrigin, ExpectedClaim, Stack};

/// Refuses the workloads that would mount anything but their recorded claim.
pub(super) fn guard(
    plan: &mut Plan,
    stack: &Stack,
    record: &Record,
    observations: &Observations,
    consents: Consents,
) {
    for expected in &stack.claims {
        // Nothing owns an existing claim until the first apply.
        let is_stranger =
            expected.origin == ClaimOrigin::Ours && observations.strangers.contains(&expected.claim);
        let why = if is_stranger {
            Refusal::ForeignData {
                claim: expected.claim.clone(),
            }
        } else if consents.empty_database == Consent::Given {
            continue;
        } else if let Some(why) = difference(expected, record, &observations.claims) {
            Refusal::StartsEmpty { why }
        } else {
            continue;
        };
        let id = &expected.workload;
        let refused = Change::new(id, Action::Refuse { why });
        plan.unchanged.retain(|unchanged| unchanged != id);
        match plan.changes.iter_mut().find(|change| change.id == *id) {
            Some(change) => *change = refused,
            None => plan.changes.push(refused),
        }
    }
}

/// Notes the named claims that do not exist: a pod that mounts one does not start.
pub(super) fn note_missing(plan: &mut Plan, stack: &Stack, observations: &Observations) {
    for expected in &stack.claims {
        let claim = &expected.claim;
        let is_found = observations.claims.iter().any(|live| live.claim.is_named(claim))
            || observations.strangers.contains(claim);
        if expected.origin == ClaimOrigin::Given && !is_found {
            let text = format!(
                "{claim} does not exist: create it so that the pod can start, or set `storage` instead of \
                 `existing_claim`"
            );
            plan.notes.push(Note {
                id: expected.workload.clone(),
                text,
            });
        }
    }
}

/// Says why the workload would not find its data; `None` when it will, or has none.
fn difference(expected: &ExpectedClaim, record: &Record, live: &[LiveClaim]) -> Option<String> {
    let is_expected = |claim: &Claim| claim.is_named(&expected.claim);
    let found = live.iter().find(|live| is_expected(&live.claim));
    if let Some(live) = found.filter(|live| live.is_terminating) {
        return Some(format!(
            "claim {} with its data (uid {}) is being deleted",
            expected.claim, live.claim.uid
        ));
    }
    let Some(recorded) = record.claim(&expected.claim) else {
        // A claim counts too if the run that created it ended before recording it.
        let elsewhere = record.claims.iter().chain(live.iter().map(|live| &live.claim));
        let other = elsewhere.into_iter().find(|claim| !is_expected(claim))?;
        if found.is_some() && record.claims.is_empty() {
            return None;
        }
        return Some(format!(
            "its data is in claim {}/{}, and it would mount {}",
            other.namespace, other.name, expected.claim
        ));
    };
    let claim = &expected.claim;
    match found {
        None => Some(format!(
            "claim {claim} with its data (uid {}) is gone",
            recorded.uid
        )),
        Some(live) if live.claim.uid != recorded.uid => Some(format!(
            "claim {claim} was recreated (uid {}); its data was in uid {}",
            live.claim.uid, recorded.uid
        )),
        Some(_) => None,
    }
}
