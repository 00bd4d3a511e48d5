//! A stack as the manifests that `kubectl apply -f -` takes. Pure, and without any value of a Secret.

use serde_json::Value;

use super::yaml;
use engine_core::object::{Object, marks};
use engine_core::stack::Stack;

/// Fields of a Secret that hold its values.
pub(super) const VALUES: [&str; 2] = ["data", "stringData"];

/// One document for each object, in the order in which they are written.
pub(super) fn text(environment: &str, stack: &Stack) -> String {
    let mut text =
        format!("# The manifests of environment `{environment}`. Secrets stand here without their values.\n");
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
    let keys = format!("# Keys, whose values an apply knows: {}\n", names.join(", "));
    keys + &yaml::document(&without_values(object))
}

/// A Secret without its values, and without the hash that is made of them.
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

/// Takes the hash off, and with it the annotations when nothing else stands there.
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
