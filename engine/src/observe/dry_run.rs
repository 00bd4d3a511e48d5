//! Dry-runs one object: an apply, and a create under another name.

use serde_json::{Value, json};

use super::node_port;
use super::stand_in::StandIn;
use crate::cluster::{Cluster, ClusterError, Status};
use engine_core::object::Object;
use engine_core::observation::{Check, State};

/// The state of an absent object whose create passed a dry-run.
pub(super) const ABSENT: State = State::Absent {
    check: Check::Accepted,
};

/// The server's response to a dry-run apply.
pub(super) enum DryRun {
    /// The object does not exist; the server would create it.
    WouldCreate,
    /// The object exists; this is the result of the apply.
    Applied(Value),
    Refused(Box<Status>),
    /// The server does not serve the kind.
    NotServed,
}

/// Dry-runs an apply of an object.
pub(super) async fn apply(object: &Object, cluster: &Cluster) -> Result<DryRun, ClusterError> {
    match cluster.dry_run_object(object).await {
        Ok(applied) if applied.created => Ok(DryRun::WouldCreate),
        Ok(applied) => Ok(DryRun::Applied(applied.object()?)),
        Err(ClusterError::Refused { status, .. }) if status.code == 404 => Ok(DryRun::NotServed),
        Err(ClusterError::Refused { status, .. }) => Ok(DryRun::Refused(status)),
        Err(error) => Err(error),
    }
}

/// Dry-runs a create of an object under another name; returns the result, or why the server refuses it.
pub(super) async fn recreate(
    object: &Object,
    cluster: &Cluster,
) -> Result<Result<Value, String>, ClusterError> {
    let stand_in = StandIn::renamed(object);
    match cluster.dry_run(&stand_in.id, &stand_in.json).await {
        Ok(applied) if applied.created => {
            let mut recreated = applied.object()?;
            recreated["metadata"]["name"] = json!(object.id().name);
            node_port::put_back(&mut recreated, &object.json());
            Ok(Ok(recreated))
        }
        Ok(_) => Ok(Err(format!("{} exists", stand_in.id))),
        Err(ClusterError::Refused { status, .. }) => Ok(Err(stand_in.in_its_own_words(&status.to_string()))),
        Err(error) => Err(error),
    }
}
