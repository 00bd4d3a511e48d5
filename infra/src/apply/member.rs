//! Writes one object of the stack.

use serde_json::Value;

use super::event::Deed;
use super::outcome::Trouble;
use super::{Run, readiness, replicas, undo};
use crate::cluster::{ClusterError, Mode};
use crate::object::Object;
use crate::plan::{Action, Change, Handover, Timing};

/// Writes a change; `None` when the run was stopped before.
pub(super) async fn write(change: &Change, run: &Run<'_>) -> Result<Option<(Deed, Value)>, Trouble> {
    let (desired, deed) = match &change.action {
        Action::Create { desired, timing } => {
            if let Timing::AfterDeletion { .. } = timing {
                readiness::wait_until_nobody_has(&change.id, run).await?;
            }
            (desired, Deed::Created)
        }
        Action::Update { desired, .. } => (desired, Deed::Changed),
        Action::Mark { desired, .. } => (desired, Deed::Marked),
        // Keeps and refusals of members never reach an apply; deletions come later.
        Action::Delete { .. } | Action::Keep { .. } | Action::Refuse { .. } => return Ok(None),
    };
    if run.is_stopped() {
        return Ok(None);
    }
    let failed = |error: ClusterError| Trouble::Failed(error.to_string());
    if let Some(Handover::BeforeUpdate(_)) = change.handover {
        replicas::hand_over_live(&change.id, run.cluster)
            .await
            .map_err(failed)?;
    }
    let applied = apply(desired, run).await.map_err(failed)?;
    // Unless an earlier try was ours, the object is somebody else's: under the lock no other run of ours creates any.
    if deed == Deed::Created && !applied.created && !applied.was_repeated {
        return Err(undo::take_back(desired, &applied.object, run).await);
    }
    if let Some(Handover::AfterCreate(minimum)) = change.handover {
        replicas::hand_over(&change.id, i64::from(minimum), run.cluster)
            .await
            .map_err(failed)?;
    }
    Ok(Some((deed, applied.object)))
}

async fn apply(desired: &Object, run: &Run<'_>) -> Result<crate::cluster::Applied, ClusterError> {
    let write = || run.cluster.apply_object(desired, Mode::Write);
    match write().await {
        // Somebody wrote between the server's read and its write: the same apply again is the same intent.
        Err(error) if error.is_lost_race() => write().await,
        result => result,
    }
}
