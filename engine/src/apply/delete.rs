//! Carries out the deletions of a plan, rank by rank, and waits for each.

use futures::stream::{self, FuturesUnordered, StreamExt as _};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::event::{Event, Outcome};
use super::summary::{ObjectError, RunSummary};
use super::{Run, Waiting, wait};
use crate::cluster::{Dependents, Progress, Writer};
use crate::observe::contents;
use engine_core::object::{ObjectId, kind_of};
use engine_core::observation::Contents;
use engine_core::plan::{Action, Change, deletion_rank};
use engine_core::status;

/// Number of concurrent deletions. The cluster module limits the requests in flight; queued ones would only use memory.
const AT_ONCE: usize = 32;

/// Deletes in the plan's order. After a failure the rest is skipped: objects that could not be deleted may still need it.
pub(super) async fn run(changes: &[&Change], writer: Writer<'_>, run: &Run<'_>) -> RunSummary {
    let mut summary = RunSummary::default();
    for group in changes.chunk_by(|one, other| deletion_rank(&one.id.kind) == deletion_rank(&other.id.kind)) {
        if !summary.is_good() || run.is_stopped() {
            for change in group {
                run.skip(change, None, &mut summary);
            }
            continue;
        }
        delete_group(group, writer, run, &mut summary).await;
    }
    summary
}

/// Deletes objects that do not depend on each other, and waits until all are gone.
async fn delete_group(group: &[&Change], writer: Writer<'_>, run: &Run<'_>, summary: &mut RunSummary) {
    let mut deletions = stream::iter(group)
        .map(|change| async move { (*change, delete(change, writer, run).await) })
        .buffer_unordered(AT_ONCE);
    let mut going = Vec::new();
    while let Some((change, result)) = deletions.next().await {
        match result {
            Ok(Progress::Going) if run.waiting != Waiting::No => going.push(change),
            Ok(_) => tell(change, Ok(()), run, summary),
            Err(error) => tell(change, Err(error), run, summary),
        }
    }
    let mut waits: FuturesUnordered<_> = going
        .into_iter()
        .map(|change| async move {
            let Action::Delete { uid, .. } = &change.action else {
                return (change, Ok(()));
            };
            (change, wait::wait_until_gone(&change.id, uid, run).await)
        })
        .collect();
    while let Some((change, result)) = waits.next().await {
        tell(change, result, run, summary);
    }
}

fn tell(change: &Change, result: Result<(), ObjectError>, run: &Run<'_>, summary: &mut RunSummary) {
    let id = change.id.clone();
    match result {
        Ok(()) => {
            summary.count(Outcome::Deleted);
            run.tell(Event::Done {
                id,
                outcome: Outcome::Deleted,
            });
        }
        Err(error) => run.fail(&id, error, summary),
    }
}

async fn delete(change: &Change, writer: Writer<'_>, run: &Run<'_>) -> Result<Progress, ObjectError> {
    let Action::Delete { uid, .. } = &change.action else {
        return Ok(Progress::Gone);
    };
    let id = &change.id;
    if let Some(why) = reason_to_stay(id, run).await {
        return Err(ObjectError::Failed(why));
    }
    // A workload is gone only once its pods are: they may still use objects that come later in the order.
    let dependents = if status::runs_pods(&id.kind) {
        Dependents::First
    } else {
        Dependents::Later
    };
    let deleted = writer.delete(id, uid, dependents).await;
    deleted.map_err(|error| ObjectError::Failed(error.to_string()))
}

/// Checks again that a deletion takes no foreign objects along: minutes may have passed since the plan.
async fn reason_to_stay(id: &ObjectId, run: &Run<'_>) -> Option<String> {
    if run.is_stopped() {
        return Some("the run was stopped before the deletion".to_owned());
    }
    match contents::of(id, run.owner, run.cluster).await {
        Ok(Contents::Ours) => {}
        Ok(Contents::Foreign(foreign)) => {
            let name = foreign.first()?;
            return Some(format!("{name} has appeared since the plan"));
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
        Ok(_) => Some("it contains a claim".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
