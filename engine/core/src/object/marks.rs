//! The labels, annotations and manager names that identify objects of this program. Pure.

use serde_json::Value;

/// Label that names the environment an object belongs to.
pub const ENVIRONMENT: &str = "infra.internal/environment";

/// Label that names the stack an object belongs to.
pub const STACK: &str = "infra.internal/stack";

/// Label of a record, whose value is the environment's name. Not [`ENVIRONMENT`], so that no prune ever lists a record.
pub const RECORD: &str = "infra.internal/record";

/// Annotation with the hash of the desired object.
pub const STATE_HASH: &str = "infra.internal/state-hash";

/// Field manager of every object this program applies.
pub const MANAGER: &str = "infra";

/// Whether an entry of `managedFields` is this program's own applied configuration.
#[must_use]
pub fn is_our_entry(manager: &str, operation: &str, subresource: &str) -> bool {
    manager == MANAGER && operation == "Apply" && subresource.is_empty()
}

/// Field manager that holds `spec.replicas` between this program and an autoscaler.
pub const REPLICAS_MANAGER: &str = "infra-replicas";

/// Reads a label of an object.
#[must_use]
pub fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["labels"][name].as_str()
}

/// Reads an annotation of an object.
#[must_use]
pub fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][name].as_str()
}

/// Reads an object's UID; empty when it has none.
#[must_use]
pub fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

/// Whether the object is being deleted.
#[must_use]
pub fn is_terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// Whether a controller owns the object, so that it is created and deleted with its owner.
#[must_use]
pub fn has_controller(object: &Value) -> bool {
    object["metadata"]["ownerReferences"]
        .as_array()
        .is_some_and(|owners| owners.iter().any(|owner| owner["controller"] == true))
}
