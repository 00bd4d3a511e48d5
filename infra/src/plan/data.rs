//! The guard of the data: a database never begins empty where data is recorded. Pure.

use super::change::{Action, Change, Refusal};
use super::{Consent, Consents, Plan};
use crate::observe::Observations;
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
        // A claim that was given is nobody's until the first apply.
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

/// Says what has become of the recorded data; `None` when the workload will find it, or none was ever recorded.
fn difference(expected: &ExpectedClaim, record: &Record, live: &[Claim]) -> Option<String> {
    let Some(recorded) = record.claim(&expected.claim) else {
        let other = record.claims.first()?;
        return Some(format!(
            "its data is in claim {}/{}, and it would mount {}",
            other.namespace, other.name, expected.claim
        ));
    };
    let found = live
        .iter()
        .find(|claim| claim.namespace == recorded.namespace && claim.name == recorded.name);
    match found {
        None => Some(format!(
            "claim {} with its data (uid {}) is gone",
            expected.claim, recorded.uid
        )),
        Some(claim) if claim.uid != recorded.uid => Some(format!(
            "claim {} was made anew (uid {}); its data was in uid {}",
            expected.claim, claim.uid, recorded.uid
        )),
        Some(_) => None,
    }
}
