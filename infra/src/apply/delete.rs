//! The deletions of a plan: rank by rank, each waited for.

use futures::stream::{self, FuturesUnordered, StreamExt as _};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::event::{Deed, Event};
use super::outcome::{Outcome, Trouble};
use super::{Run, Waiting, readiness};
use crate::cluster::{Dependents, Progress};
use crate::object::{ObjectId, kind_of};
use crate::observation::Contents;
use crate::observe::contents;
use crate::plan::{Action, Change, deletion_rank};
use crate::status;

/// Deletions begun at once. The cluster module bounds those in flight; waiting ones would only take memory.
const AT_ONCE: usize = 32;

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
        delete_group(group, run, &mut outcome).await;
    }
    outcome
}

/// Deletes objects that do not stand on each other, and waits until all are gone.
async fn delete_group(group: &[&Change], run: &Run<'_>, outcome: &mut Outcome) {
    let mut deletions = stream::iter(group)
        .map(|change| async move { (*change, delete(change, run).await) })
        .buffer_unordered(AT_ONCE);
    let mut going = Vec::new();
    while let Some((change, result)) = deletions.next().await {
        match result {
            Ok(Progress::Going) if run.waiting != Waiting::No => going.push(change),
            Ok(_) => tell(change, Ok(()), run, outcome),
            Err(trouble) => tell(change, Err(trouble), run, outcome),
        }
    }
    let mut waits: FuturesUnordered<_> = going
        .into_iter()
        .map(|change| async move {
            let Action::Delete { uid, .. } = &change.action else {
                return (change, Ok(()));
            };
            (change, readiness::wait_until_gone(&change.id, uid, run).await)
        })
        .collect();
    while let Some((change, result)) = waits.next().await {
        tell(change, result, run, outcome);
    }
}

fn tell(change: &Change, result: Result<(), Trouble>, run: &Run<'_>, outcome: &mut Outcome) {
    let id = change.id.clone();
    match result {
        Ok(()) => {
            outcome.count(Deed::Deleted);
            run.tell(Event::Done {
                id,
                deed: Deed::Deleted,
            });
        }
        Err(trouble) => {
            run.tell(Event::Failed {
                id: id.clone(),
                why: trouble.why().to_owned(),
            });
            outcome.troubles.push((id, trouble));
        }
    }
}

async fn delete(change: &Change, run: &Run<'_>) -> Result<Progress, Trouble> {
    let Action::Delete { uid, .. } = &change.action else {
        return Ok(Progress::Gone);
    };
    let id = &change.id;
    if let Some(why) = reason_to_stay(id, run).await {
        return Err(Trouble::Failed(why));
    }
    // A workload is gone when its pods are: what comes later in the order may be in use by them.
    let dependents = if status::runs_pods(&id.kind) {
        Dependents::First
    } else {
        Dependents::Later
    };
    let deleted = run.cluster.delete(id, uid, dependents).await;
    deleted.map_err(|error| Trouble::Failed(error.to_string()))
}

/// Looks once more into what takes others along with it: minutes may have passed since the plan.
async fn reason_to_stay(id: &ObjectId, run: &Run<'_>) -> Option<String> {
    if run.is_stopped() {
        return Some("stopped before".to_owned());
    }
    match contents::of(id, run.environment, run.cluster).await {
        Ok(Contents::Ours) => {}
        Ok(Contents::Foreign(foreign)) => {
            let name = foreign.first()?;
            return Some(format!("{name} has come since the plan"));
        }
        Ok(Contents::Unknown(why)) => return Some(why),
        Err(error) => return Some(error.to_string()),
    }
    if !id.kind.is_namespace() {
        return None;
    }
    let claims = kind_of::<PersistentVolumeClaim>();
    match run.cluster.list_metadata(&claims, Some(&id.name), "").await {
        Ok(claims) if claims.is_empty() => None,
        Ok(_) => Some("a claim is in it".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
