//! Hands the number of replicas over to an autoscaler, without a temporary drop to 1.
//!
//! An apply that drops `spec.replicas` resets it to its default unless another field manager owns it too. So a separate
//! field manager owns it first; the autoscaler's first write takes it from there.

use serde_json::{Value, json};

use crate::cluster::{ClusterError, Writer};
use engine_core::object::{ObjectId, marks};

/// Assigns `replicas` to the field manager that acts for the autoscaler.
pub(super) async fn hand_over(id: &ObjectId, replicas: i64, writer: Writer<'_>) -> Result<(), ClusterError> {
    let configuration = configuration(id, replicas);
    writer.apply(id, &configuration, marks::REPLICAS_MANAGER).await?;
    Ok(())
}

/// Assigns the current live number of replicas to that field manager.
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
