//! The deletions of a plan: rank by rank, each waited for.

use futures::future::join_all;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::event::{Deed, Event};
use super::outcome::{Outcome, Trouble};
use super::{Run, Waiting, readiness};
use crate::cluster::Dependents;
use crate::object::{ObjectId, kind_of};
use crate::observation::Contents;
use crate::observe::contents;
use crate::plan::{Action, Change, deletion_rank};
use crate::status;

/// Deletes in the plan's order. What is left after a failure stands on what could not be deleted, and is skipped.
pub(super) async fn run(changes: &[&Change], run: &Run<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for group in changes.chunk_by(|one, other| deletion_rank(&one.id.kind) == deletion_rank(&other.id.kind)) {
        if !outcome.is_good() || run.is_stopped() {
            for change in group {
                run.tell(Event::Skipped {
                    id: change.id.clone(),
                    because: None,
                });
                outcome.skipped += 1;
            }
            continue;
        }
        for part in join_all(group.iter().map(|change| delete(change, run))).await {
            outcome.merge(part);
        }
    }
    outcome
}

async fn delete(change: &Change, run: &Run<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let Action::Delete { uid, .. } = &change.action else {
        return outcome;
    };
    let id = &change.id;
    if let Some(why) = reason_to_stay(id, run).await {
        run.tell(Event::Failed {
            id: id.clone(),
            why: why.clone(),
        });
        outcome.troubles.push((id.clone(), Trouble::Failed(why)));
        return outcome;
    }
    // A workload is gone when its pods are: what comes later in the order may be in use by them.
    let dependents = if status::runs_pods(&id.kind) {
        Dependents::First
    } else {
        Dependents::Later
    };
    let result = match run.cluster.delete(id, uid, dependents).await {
        Ok(()) if run.waiting == Waiting::No => Ok(()),
        Ok(()) => readiness::wait_until_gone(id, Some(uid), run).await,
        Err(error) => Err(Trouble::Failed(error.to_string())),
    };
    match result {
        Ok(()) => {
            outcome.count(Deed::Deleted);
            run.tell(Event::Done {
                id: id.clone(),
                deed: Deed::Deleted,
            });
        }
        Err(trouble) => {
            run.tell(Event::Failed {
                id: id.clone(),
                why: trouble.why().to_owned(),
            });
            outcome.troubles.push((id.clone(), trouble));
        }
    }
    outcome
}

/// Looks once more into a namespace: minutes may have passed since the plan, and a deletion takes everything along.
async fn reason_to_stay(id: &ObjectId, run: &Run<'_>) -> Option<String> {
    if run.is_stopped() {
        return Some("stopped before".to_owned());
    }
    if !id.kind.is_namespace() {
        return None;
    }
    match contents::of(id, run.environment, run.cluster).await {
        Ok(Contents::Ours) => {}
        Ok(Contents::Foreign(foreign)) => {
            let name = foreign.first()?;
            return Some(format!("{name} has come into it since the plan"));
        }
        Ok(Contents::Unknown(why)) => return Some(why),
        Err(error) => return Some(error.to_string()),
    }
    let claims = kind_of::<PersistentVolumeClaim>();
    match run.cluster.list_metadata(&claims, Some(&id.name), "").await {
        Ok(claims) if claims.is_empty() => None,
        Ok(_) => Some("a claim is in it".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
