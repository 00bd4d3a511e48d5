//! Finds the Service that uses a node port that another Service needs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::NamespaceState;
use crate::cluster::{Cluster, ClusterError, Status};
use engine_core::object::{Object, ObjectId};

/// The server's message about a node port that another Service uses.
const TAKEN: &str = ": provided port is already allocated";

/// Returns whether a node port in use is the only reason for a refusal.
pub(super) fn is_taken(status: &Status) -> bool {
    let causes = &status.details.causes;
    !causes.is_empty()
        && causes
            .iter()
            .all(|cause| cause.field.ends_with(".nodePort") && cause.message.ends_with(TAKEN))
}

/// Removes the node ports from a Service, so that the server checks the rest.
pub(super) fn take_off(service: &mut Value) {
    for port in ports(service) {
        if let Some(port) = port.as_object_mut() {
            port.remove("nodePort");
        }
    }
}

/// Puts the desired Service's node ports back into the server's response to the Service without them.
pub(super) fn put_back(service: &mut Value, desired: &Value) {
    let wanted = desired["spec"]["ports"].as_array();
    for (port, wanted) in ports(service).zip(wanted.into_iter().flatten()) {
        if let Some(number) = wanted["nodePort"].as_i64() {
            port["nodePort"] = json!(number);
        }
    }
}

/// Iterates over the ports, if any: indexing would add an empty list to an object without ports.
fn ports(service: &mut Value) -> impl Iterator<Item = &mut Value> {
    let ports = service.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    ports.into_iter().flatten()
}

/// Finds the Service that uses a node port of this one; `None` when it is not visible.
pub(super) async fn holder(
    object: &Object,
    namespaces: &BTreeMap<String, NamespaceState>,
    cluster: &Cluster,
) -> Result<Option<ObjectId>, ClusterError> {
    let kind = &object.id().kind;
    let services = match cluster.list(kind, None, "").await {
        Ok(services) => services,
        // A user who may not list all Services may still list those in the environment's namespaces.
        Err(error) if error.is_forbidden() => {
            let mut services = Vec::new();
            for namespace in namespaces.keys() {
                match cluster.list(kind, Some(namespace), "").await {
                    Ok(listed) => services.extend(listed),
                    Err(error) if error.is_forbidden() => {}
                    Err(error) => return Err(error),
                }
            }
            services
        }
        Err(error) => return Err(error),
    };
    let wanted = numbers(&object.json());
    Ok(services
        .iter()
        .filter(|service| numbers(service).iter().any(|number| wanted.contains(number)))
        .map(|service| ObjectId::of_live(kind, service))
        .find(|id| id != object.id()))
}

fn numbers(service: &Value) -> Vec<i64> {
    let ports = service["spec"]["ports"].as_array();
    let ports = ports.into_iter().flatten();
    ports
        .flat_map(|port| [&port["nodePort"]])
        .chain([&service["spec"]["healthCheckNodePort"]])
        .filter_map(Value::as_i64)
        .collect()
}
