//! Writes one object of the stack.

use std::time::Duration;

use super::event::Deed;
use super::outcome::Trouble;
use super::{Run, readiness, replicas, takeover, undo};
use crate::cluster::{Applied, ClusterError, Dependents, Mode};
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Change, Handover, Pods, Timing};
use crate::status;

/// How often an object is tried whose kind has just been defined, and not yet served.
const TRIES_OF_A_NEW_KIND: u32 = 20;

/// Pause between two such tries.
const PAUSE_FOR_A_NEW_KIND: Duration = Duration::from_millis(250);

/// Writes a change; `None` when the run was stopped before.
pub(super) async fn write(change: &Change, run: &Run<'_>) -> Result<Option<(Deed, Applied)>, Trouble> {
    let id = &change.id;
    let (desired, deed) = match &change.action {
        Action::Create { desired, timing } => {
            match timing {
                Timing::AfterDeletion { .. } => readiness::wait_until_free(id, None, run).await?,
                Timing::AfterPredecessor { predecessor } => {
                    readiness::wait_until_free(predecessor, None, run).await?;
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
    let is_new = matches!(deed, Deed::Created | Deed::Replaced);
    let applied = match apply(desired, is_new, run).await {
        // What others have made meanwhile is not touched.
        Err(error) if is_new && error.is_conflict() => {
            return Err(Trouble::Foreign(format!(
                "somebody made it in the same moment, and it was left alone ({error})"
            )));
        }
        applied => applied.map_err(failed)?,
    };
    // Unless an earlier try was ours, the object is somebody else's: under the lock no other run of ours creates any.
    if is_new && !applied.created && !applied.was_repeated {
        return Err(undo::take_back(desired, &applied, run).await);
    }
    if let Some(Handover::AfterCreate(number)) = change.handover {
        replicas::hand_over(id, i64::from(number), run.cluster)
            .await
            .map_err(failed)?;
    }
    Ok(Some((deed, applied)))
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
    readiness::wait_until_free(id, Some(uid), run).await
}

async fn apply(desired: &Object, is_new: bool, run: &Run<'_>) -> Result<Applied, ClusterError> {
    let write = async || {
        if is_new {
            run.cluster.make_object(desired).await
        } else {
            run.cluster.apply_object(desired, Mode::Write).await
        }
    };
    let mut answer = write().await;
    // A kind is served a moment after its definition says so.
    for _ in 0..TRIES_OF_A_NEW_KIND {
        match &answer {
            Err(error) if error.is_unknown_kind() && run.pause(PAUSE_FOR_A_NEW_KIND).await => {
                answer = write().await;
            }
            _ => break,
        }
    }
    match answer {
        // Somebody wrote between the server's read and its write: the same apply again is the same intent.
        Err(error) if error.is_lost_race() => write().await,
        result => result,
    }
}
