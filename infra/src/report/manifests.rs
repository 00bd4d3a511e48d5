//! Formats a stack as manifests for `kubectl apply -f -`. Pure; never prints values of Secrets.

use serde_json::Value;

use super::yaml;
use engine_core::object::{Object, marks};
use engine_core::stack::Stack;

/// The fields of a Secret that hold its values.
pub(super) const VALUES: [&str; 2] = ["data", "stringData"];

/// Formats one document per object, in the order in which an apply writes them.
pub(super) fn text(environment: &str, stack: &Stack) -> String {
    let mut text = format!("# Manifests of environment `{environment}`. Values of Secrets are left out.\n");
    for declared in &stack.objects {
        text.push_str("---\n");
        text.push_str(&manifest(&declared.object));
    }
    text.trim_end().to_owned()
}

fn manifest(object: &Object) -> String {
    if !object.id().kind.is_secret() {
        return yaml::document(&object.json());
    }
    let json = object.json();
    let names: Vec<&str> = VALUES
        .iter()
        .filter_map(|field| json[field].as_object())
        .flat_map(|values| values.keys().map(String::as_str))
        .collect();
    let keys = format!("# Keys (an apply sets their values): {}\n", names.join(", "));
    keys + &yaml::document(&without_values(object))
}

/// A Secret without its values and without the hash that is derived from them.
fn without_values(object: &Object) -> Value {
    let mut json = object.json();
    if let Some(fields) = json.as_object_mut() {
        for field in VALUES {
            fields.remove(field);
        }
    }
    without_hash(&mut json);
    json
}

/// Removes the hash, and the annotations if it was the only one.
pub(super) fn without_hash(json: &mut Value) {
    let Some(metadata) = json["metadata"].as_object_mut() else {
        return;
    };
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(marks::STATE_HASH);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}
