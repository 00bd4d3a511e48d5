//! The record before the first write of a run, and after the last. Pure.

use std::collections::BTreeSet;

use super::Plan;
use super::change::Action;
use crate::object::{Kind, ObjectId};
use crate::observation::{Evidence, LiveClaim};
use crate::record::{Claim, Record};
use crate::stack::{ClaimOrigin, Role, Stack};

/// The record before the first write: all that was in use, and all that will be.
///
/// So the next run finds every object that an interrupted one leaves behind.
#[must_use]
pub fn widened(record: &Record, stack: &Stack, live: &[LiveClaim]) -> Record {
    let mut widened = record.clone();
    widened.kinds.extend(kinds(stack));
    widened.namespaces.extend(stack.namespaces.iter().cloned());
    widened.data_keys.extend(data_keys(stack));
    widened.given_claims.extend(given_claims(stack));
    let secrets = stack.secrets.iter();
    let in_use = secrets.filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    widened.secrets.extend(in_use);
    // The guard of the data compares the UID of a recorded claim, so only a confirmed run changes that.
    for claim in claims(stack, live) {
        if !record.claims.iter().any(|known| known.is_namesake_of(&claim)) {
            widened.claims.push(claim);
        }
    }
    widened
}

/// The record after an incomplete run: forgets nothing and updates the claims.
#[must_use]
pub fn updated(record: &Record, stack: &Stack, live: &[LiveClaim]) -> Record {
    let mut claims = claims(stack, live);
    for known in &record.claims {
        if !claims.iter().any(|claim| claim.is_namesake_of(known)) {
            claims.push(known.clone());
        }
    }
    Record {
        claims,
        ..widened(record, stack, live)
    }
}

/// The record after the last write: kinds and namespaces in use, kept objects, and the live claims.
#[must_use]
pub fn narrowed(record: &Record, stack: &Stack, plan: &Plan, live: &[LiveClaim]) -> Record {
    // After a failed LIST, unlisted objects may remain.
    if !plan.gaps.is_empty() {
        return updated(record, stack, live);
    }
    let claims = claims(stack, live);
    let kept: Vec<&ObjectId> = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Keep { .. }))
        .map(|change| &change.id)
        .collect();
    let of_kept = kept.iter().map(|id| id.kind.clone());
    let is_claim = |kind: &Kind| kind.is("", "PersistentVolumeClaim");
    let mut namespaces: BTreeSet<String> = stack.namespaces.iter().cloned().collect();
    namespaces.extend(kept.iter().filter_map(|id| id.namespace.clone()));
    namespaces.extend(claims.iter().map(|claim| claim.namespace.clone()));
    let mut data_keys = data_keys(stack);
    data_keys.extend(record.data_keys.iter().filter(|key| kept.contains(key)).cloned());
    let mut given_claims = given_claims(stack);
    let is_kept = |id: &&ObjectId| claims.iter().any(|claim| claim.is_named(id));
    given_claims.extend(record.given_claims.iter().filter(is_kept).cloned());
    // A destroy keeps the secrets for the next apply; those that the stack declares and does not use are forgotten.
    let mut secrets = record.secrets.clone();
    for (name, value) in &stack.secrets {
        match value {
            Some(value) => drop(secrets.insert(name.clone(), value.clone())),
            None => drop(secrets.remove(name)),
        }
    }
    Record {
        given_claims,
        secrets,
        // Claims have their own LIST: they carry no label of the environment.
        kinds: kinds(stack)
            .into_iter()
            .chain(of_kept)
            .filter(|kind| !is_claim(kind))
            .collect(),
        namespaces,
        claims,
        data_keys,
        ..record.clone()
    }
}

/// The live claims that are the environment's beyond doubt: the recorded ones, and those that its databases mount.
fn claims(stack: &Stack, live: &[LiveClaim]) -> Vec<Claim> {
    let is_mounted = |claim: &Claim| {
        stack
            .claims
            .iter()
            .any(|expected| claim.is_named(&expected.claim))
    };
    live.iter()
        .filter(|live| live.evidence != Evidence::Labels || is_mounted(&live.claim))
        .map(|live| live.claim.clone())
        .collect()
}

fn kinds(stack: &Stack) -> BTreeSet<Kind> {
    stack
        .objects
        .iter()
        .map(|declared| declared.object.id().kind.clone())
        .collect()
}

fn given_claims(stack: &Stack) -> BTreeSet<ObjectId> {
    let given = stack
        .claims
        .iter()
        .filter(|expected| expected.origin == ClaimOrigin::Given);
    given.map(|expected| expected.claim.clone()).collect()
}

fn data_keys(stack: &Stack) -> BTreeSet<ObjectId> {
    stack
        .objects
        .iter()
        .filter(|declared| declared.role == Role::OpensData)
        .map(|declared| declared.object.id().clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim};

    use super::*;
    use crate::object::owner::Owner;
    use crate::object::{HashKey, kind_of};
    use crate::stack::{ExpectedClaim, id_of};

    fn claim(uid: &str) -> Claim {
        Claim {
            namespace: "shop".to_owned(),
            name: "data".to_owned(),
            uid: uid.to_owned(),
            volume: "v".to_owned(),
        }
    }

    fn live(uid: &str, evidence: Evidence) -> LiveClaim {
        LiveClaim {
            claim: claim(uid),
            evidence,
            is_terminating: false,
            goes_with_its_workload: false,
        }
    }

    /// A record with a kind, a namespace and a claim that nothing uses any more.
    fn record() -> Record {
        let mut record = Record::new(Owner::new("web", "shop"), "cluster", HashKey::new([0; 32]));
        record.kinds.insert(kind_of::<Namespace>());
        record.namespaces.insert("old".to_owned());
        record.claims.push(claim("before"));
        record
    }

    /// A stack whose database mounts the claim.
    fn mounting() -> Stack {
        let id = id_of::<PersistentVolumeClaim>(Some("shop"), "data");
        let mut stack = Stack::default();
        stack.claims.push(ExpectedClaim {
            workload: id.clone(),
            claim: id,
            origin: ClaimOrigin::Ours,
        });
        stack
    }

    #[test]
    fn a_run_that_saw_everything_forgets_what_is_gone() {
        let narrowed = narrowed(&record(), &Stack::default(), &Plan::default(), &[]);
        assert!(narrowed.remembers_nothing());
    }

    #[test]
    fn a_run_that_could_not_list_everything_forgets_nothing() {
        let plan = Plan {
            gaps: vec!["could not list services".to_owned()],
            ..Plan::default()
        };
        let record = record();
        assert_eq!(narrowed(&record, &Stack::default(), &plan, &[]), record);
    }

    #[test]
    fn a_run_that_did_not_end_well_forgets_nothing_and_records_the_claim() {
        let mut first = record();
        first.claims.clear();
        let updated = updated(&first, &mounting(), &[live("made", Evidence::Labels)]);
        assert_eq!(updated.claims, [claim("made")]);
        assert!(updated.namespaces.contains("old"));
    }

    #[test]
    fn the_uid_of_recorded_data_is_not_replaced_before_the_writes() {
        let widened = widened(&record(), &mounting(), &[live("after", Evidence::Labels)]);
        assert_eq!(widened.claims, [claim("before")]);
    }

    #[test]
    fn a_claim_that_only_looks_like_ours_is_not_recorded() {
        let mut first = record();
        first.claims.clear();
        let updated = updated(&first, &Stack::default(), &[live("stray", Evidence::Labels)]);
        assert_eq!(updated.claims, []);
    }
}
