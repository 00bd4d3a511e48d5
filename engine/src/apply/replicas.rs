//! Hands the number of replicas over to an autoscaler, so that it never falls to 1 on the way.
//!
//! An apply that drops `spec.replicas` sets it back to its default unless somebody else owns it too. So a manager of its
//! own owns it first; whatever the autoscaler writes then takes it from there.

use serde_json::{Value, json};

use crate::cluster::{ClusterError, Writer};
use engine_core::object::{ObjectId, marks};

/// Gives `replicas` to the manager that stands in for the autoscaler.
pub(super) async fn hand_over(id: &ObjectId, replicas: i64, writer: Writer<'_>) -> Result<(), ClusterError> {
    let configuration = configuration(id, replicas);
    writer.apply(id, &configuration, marks::REPLICAS_MANAGER).await?;
    Ok(())
}

/// Gives the number that is live at this moment.
pub(super) async fn hand_over_live(id: &ObjectId, writer: Writer<'_>) -> Result<(), ClusterError> {
    let live = writer.cluster().read(id).await?;
    match live.and_then(|live| live["spec"]["replicas"].as_i64()) {
        Some(replicas) => hand_over(id, replicas, writer).await,
        None => Ok(()),
    }
}

fn configuration(id: &ObjectId, replicas: i64) -> Value {
    json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": { "name": id.name, "namespace": id.namespace },
        "spec": { "replicas": replicas },
    })
}
