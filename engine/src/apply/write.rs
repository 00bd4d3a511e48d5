//! Writes one object of the stack.

use std::time::Duration;

use super::event::Outcome;
use super::summary::ObjectError;
use super::{Run, adopt, replicas, undo, wait};
use crate::cluster::{Applied, ClusterError, Dependents, Writer};
use engine_core::object::{Object, ObjectId};
use engine_core::plan::{Action, Change, Handover, Pods, Timing};
use engine_core::status;

/// Maximum number of retries for an object whose kind has just been defined and is not served yet.
const TRIES_OF_A_NEW_KIND: u32 = 20;

/// Delay between these retries.
const PAUSE_FOR_A_NEW_KIND: Duration = Duration::from_millis(250);

/// Writes a change; `None` if the run was stopped first.
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
        // Kept objects need no write, refused changes never reach an apply, and deletions are separate.
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
            // A replacement that has begun is completed, unless another run may be writing by now.
            if !run.holds_the_lock() {
                return Ok(None);
            }
        }
        _ => {}
    }
    let is_new = matches!(outcome, Outcome::Created | Outcome::Replaced);
    let applied = match apply(desired, is_new, writer, run).await {
        // An object that another client has created in the meantime is left unchanged.
        Err(error) if is_new && error.is_conflict() => {
            return Err(ObjectError::Foreign(format!(
                "another client created it at the same time; it was left unchanged ({error})"
            )));
        }
        applied => applied.map_err(failed)?,
    };
    // Unless an earlier attempt of ours succeeded, the object is another client's: under the lock, no other run creates any.
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

/// Deletes an object that is being replaced, with its pods or without, and waits until its name is free.
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
    // A new kind is served shortly after its definition says so.
    for _ in 0..TRIES_OF_A_NEW_KIND {
        match &answer {
            Err(error) if error.is_unknown_kind() && run.pause(PAUSE_FOR_A_NEW_KIND).await => {
                answer = write().await;
            }
            _ => break,
        }
    }
    match answer {
        // Another client wrote between the server's read and its write: repeating the apply has the same intent.
        Err(error) if error.is_lost_race() => write().await,
        result => result,
    }
}
