//! The deletions of a plan: rank by rank, each waited for.

use futures::future::join_all;

use super::event::{Deed, Event};
use super::outcome::{Outcome, Trouble};
use super::{Run, Waiting, readiness};
use crate::cluster::Dependents;
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
    let Action::Delete { uid } = &change.action else {
        return outcome;
    };
    let id = &change.id;
    // A workload is gone when its pods are: what comes later in the order may be in use by them.
    let dependents = if status::runs_pods(&id.kind) {
        Dependents::First
    } else {
        Dependents::Later
    };
    let result = match run.cluster.delete(id, uid, dependents).await {
        Ok(()) if run.waiting == Waiting::No => Ok(()),
        Ok(()) => readiness::wait_until_gone(id, Some(uid), run)
            .await
            .map_err(Trouble::NotReady),
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
