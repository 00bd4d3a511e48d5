//! Writes one object of the stack.

use std::time::Duration;

use super::event::Outcome;
use super::summary::ObjectError;
use super::{Run, adopt, replicas, undo, wait};
use crate::cluster::{Applied, ClusterError, Dependents, Writer};
use engine_core::object::{Object, ObjectId};
use engine_core::plan::{Action, Change, Handover, Pods, Timing};
use engine_core::status;

/// How often an object is tried whose kind has just been defined, and not yet served.
const TRIES_OF_A_NEW_KIND: u32 = 20;

/// Pause between two such tries.
const PAUSE_FOR_A_NEW_KIND: Duration = Duration::from_millis(250);

/// Writes a change; `None` when the run was stopped before.
pub(super) async fn write(
    change: &Change,
    writer: Writer<'_>,
    run: &Run<'_>,
) -> Result<Option<(Outcome, Applied)>, ObjectError> {
    let id = &change.id;
    let (desired, outcome) = match &change.action {
        Action::Create { desired, timing } => {
            match timing {
                Timing::AfterDeletion { .. } => wait::wait_until_free(id, None, run).await?,
                Timing::AfterPredecessor { predecessor } => {
                    wait::wait_until_free(predecessor, None, run).await?;
                }
                Timing::Checked | Timing::Unchecked { .. } => {}
            }
            (desired, Outcome::Created)
        }
        Action::Update { desired, .. } => (desired, Outcome::Changed),
        Action::Mark { desired, .. } => (desired, Outcome::Marked),
        Action::Adopt { desired, .. } => (desired, Outcome::Adopted),
        Action::Replace { desired, .. } => (desired, Outcome::Replaced),
        // Keeps and refusals of objects never reach an apply; deletions come later.
        Action::Delete { .. } | Action::Keep { .. } | Action::Refuse { .. } => return Ok(None),
    };
    if run.is_stopped() {
        return Ok(None);
    }
    let failed = |error: ClusterError| ObjectError::Failed(error.to_string());
    if let Some(Handover::BeforeUpdate(_)) = change.handover {
        replicas::hand_over_live(id, writer).await.map_err(failed)?;
    }
    match &change.action {
        Action::Adopt { uid, excluded, .. } => adopt::take_over(id, uid, excluded, writer, run).await?,
        Action::Replace { uid, pods, .. } => {
            make_room(id, uid, *pods, writer, run).await?;
            // What was begun is brought to its end, unless somebody else may be writing by now.
            if !run.holds_the_lock() {
                return Ok(None);
            }
        }
        _ => {}
    }
    let is_new = matches!(outcome, Outcome::Created | Outcome::Replaced);
    let applied = match apply(desired, is_new, writer, run).await {
        // What others have made meanwhile is not touched.
        Err(error) if is_new && error.is_conflict() => {
            return Err(ObjectError::Foreign(format!(
                "somebody made it in the same moment, and it was left alone ({error})"
            )));
        }
        applied => applied.map_err(failed)?,
    };
    // Unless an earlier try was ours, the object is somebody else's: under the lock no other run of ours creates any.
    if is_new && !applied.created && !applied.was_repeated {
        return Err(undo::take_back(desired, &applied, writer).await);
    }
    if let Some(Handover::AfterCreate(number)) = change.handover {
        replicas::hand_over(id, i64::from(number), writer)
            .await
            .map_err(failed)?;
    }
    Ok(Some((outcome, applied)))
}

/// Deletes what is replaced, and waits until its name is free: with it go its pods, or they stay for the new one.
async fn make_room(
    id: &ObjectId,
    uid: &str,
    pods: Pods,
    writer: Writer<'_>,
    run: &Run<'_>,
) -> Result<(), ObjectError> {
    let dependents = match pods {
        Pods::Stay => Dependents::Never,
        Pods::End if status::runs_pods(&id.kind) => Dependents::First,
        Pods::End => Dependents::Later,
    };
    writer
        .delete(id, uid, dependents)
        .await
        .map_err(|error| ObjectError::Failed(error.to_string()))?;
    wait::wait_until_free(id, Some(uid), run).await
}

async fn apply(
    desired: &Object,
    is_new: bool,
    writer: Writer<'_>,
    run: &Run<'_>,
) -> Result<Applied, ClusterError> {
    let write = async || {
        if is_new {
            writer.create_object(desired).await
        } else {
            writer.apply_object(desired).await
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
