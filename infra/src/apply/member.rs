//! One object of the stack during an apply: waits for what it refers to, is written, is waited for.

use std::collections::HashMap;

use serde_json::Value;
use tokio::sync::watch;

use super::event::{Deed, Event};
use super::outcome::{Outcome, Trouble};
use super::{Progress, Run, Waiting, readiness, replicas, takeover, undo};
use crate::cluster::{ClusterError, Dependents, Mode};
use crate::object::{Object, ObjectId, marks};
use crate::plan::{Action, Change, Handover, Pods, Timing};
use crate::stack::{Member, Need, Until};
use crate::status;

pub(super) async fn run(
    member: &Member,
    change: Option<&Change>,
    progress: watch::Sender<Progress>,
    others: &HashMap<&ObjectId, watch::Receiver<Progress>>,
    run: &Run<'_>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let id = member.object.id();
    if let Some(because) = first_failed(&member.needs, others, run.waiting).await {
        if change.is_some() {
            run.tell(Event::Skipped {
                id: id.clone(),
                because: Some(because),
            });
            outcome.skipped += 1;
        }
        progress.send_replace(Progress::Failed);
        return outcome;
    }
    let live = match change {
        Some(change) => match write(change, run).await {
            Ok(None) => {
                progress.send_replace(Progress::Failed);
                return outcome;
            }
            Ok(Some((deed, live))) => {
                outcome.count(deed);
                run.tell(Event::Done { id: id.clone(), deed });
                Some(live)
            }
            Err(trouble) => {
                fail(id, trouble, run, &progress, &mut outcome);
                return outcome;
            }
        },
        None => None,
    };
    progress.send_replace(Progress::Applied);
    if run.waiting == Waiting::No {
        return outcome;
    }
    match readiness::wait(id, live, run).await {
        Ok(()) => {
            progress.send_replace(Progress::Current);
        }
        Err(trouble) => fail(id, trouble, run, &progress, &mut outcome),
    }
    outcome
}

fn fail(
    id: &ObjectId,
    trouble: Trouble,
    run: &Run<'_>,
    progress: &watch::Sender<Progress>,
    outcome: &mut Outcome,
) {
    run.tell(Event::Failed {
        id: id.clone(),
        why: trouble.why().to_owned(),
    });
    outcome.troubles.push((id.clone(), trouble));
    progress.send_replace(Progress::Failed);
}

/// Waits until everything referred to has come far enough; returns the first that failed instead.
async fn first_failed(
    needs: &[Need],
    others: &HashMap<&ObjectId, watch::Receiver<Progress>>,
    waiting: Waiting,
) -> Option<ObjectId> {
    for need in needs {
        // A reference out of the stack is to something that is there by agreement.
        let Some(progress) = others.get(&need.id) else {
            continue;
        };
        let until = match waiting {
            Waiting::Until(_) => need.until,
            Waiting::No => Until::Applied,
        };
        let has_come = |progress: &Progress| match progress {
            Progress::Pending => false,
            Progress::Applied => until == Until::Applied,
            Progress::Current | Progress::Failed => true,
        };
        match progress.clone().wait_for(has_come).await.as_deref() {
            Ok(Progress::Failed) | Err(_) => return Some(need.id.clone()),
            Ok(_) => {}
        }
    }
    None
}

/// Writes a change; `None` when the run was stopped before.
async fn write(change: &Change, run: &Run<'_>) -> Result<Option<(Deed, Value)>, Trouble> {
    let id = &change.id;
    let (desired, deed) = match &change.action {
        Action::Create { desired, timing } => {
            match timing {
                Timing::AfterDeletion { .. } => readiness::wait_until_gone(id, None, run).await?,
                Timing::AfterPredecessor { predecessor } => {
                    readiness::wait_until_gone(predecessor, None, run).await?;
                }
                Timing::Checked | Timing::Unchecked { .. } => {}
            }
            (desired, Deed::Created)
        }
        Action::Update { desired, .. } => (desired, Deed::Changed),
        Action::Mark { desired, .. } => (desired, Deed::Marked),
        Action::Adopt { desired, .. } => (desired, Deed::Adopted),
        Action::Replace { desired, .. } => (desired, Deed::Replaced),
        // Keeps and refusals of members never reach an apply; deletions come later.
        Action::Delete { .. } | Action::Keep { .. } | Action::Refuse { .. } => return Ok(None),
    };
    if run.is_stopped() {
        return Ok(None);
    }
    let failed = |error: ClusterError| Trouble::Failed(error.to_string());
    if let Some(Handover::BeforeUpdate(_)) = change.handover {
        replicas::hand_over_live(id, run.cluster).await.map_err(failed)?;
    }
    match &change.action {
        Action::Adopt { uid, excluded, .. } => takeover::take_over(id, uid, excluded, run).await?,
        Action::Replace { uid, pods, .. } => {
            make_room(id, uid, *pods, run).await?;
            // What was begun is brought to its end, unless somebody else may be writing by now.
            if !run.holds_the_lock() {
                return Ok(None);
            }
        }
        _ => {}
    }
    let applied = apply(desired, run).await.map_err(failed)?;
    // Unless an earlier try was ours, the object is somebody else's: under the lock no other run of ours creates any.
    let is_new = matches!(deed, Deed::Created | Deed::Replaced);
    if is_new && !applied.created && !applied.was_repeated {
        return Err(undo::take_back(desired, &applied.object, run).await);
    }
    if let Some(Handover::AfterCreate(number)) = change.handover {
        replicas::hand_over(id, i64::from(number), run.cluster)
            .await
            .map_err(failed)?;
    }
    Ok(Some((deed, applied.object)))
}

/// Deletes what is replaced, and waits until its name is free: with it go its pods, or they stay for the new one.
async fn make_room(id: &ObjectId, uid: &str, pods: Pods, run: &Run<'_>) -> Result<(), Trouble> {
    let dependents = match pods {
        Pods::Stay => Dependents::Never,
        Pods::End if status::runs_pods(&id.kind) => Dependents::First,
        Pods::End => Dependents::Later,
    };
    run.cluster
        .delete(id, uid, dependents)
        .await
        .map_err(|error| Trouble::Failed(error.to_string()))?;
    readiness::wait_until_gone(id, Some(uid), run).await
}

async fn apply(desired: &Object, run: &Run<'_>) -> Result<crate::cluster::Applied, ClusterError> {
    let id = desired.id();
    let write = || run.cluster.apply(id, desired.json(), marks::MANAGER, Mode::Write);
    match write().await {
        // Somebody wrote between the server's read and its write: the same apply again is the same intent.
        Err(error) if error.is_lost_race() => write().await,
        result => result,
    }
}
