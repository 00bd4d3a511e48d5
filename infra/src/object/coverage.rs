//! Whether every field that we send is still ours in a live object. Pure.
//!
//! Another writer that changes or deletes a value takes its path out of our field set, so a whole set together with our
//! state hash means an unchanged object. What this cannot see: another order of a keyed list's items, a write under our own
//! manager name that leaves the hash, and a change below a leaf that we send empty (`emptyDir: {}` given a medium).

use serde_json::{Map, Value};

/// Whether the field set of our entry covers every leaf of the desired object.
///
/// `fields` is the `fieldsV1` of the entry; `desired` what we send, whose identity no field set holds.
#[must_use]
pub fn covers(fields: &Value, desired: &Value) -> bool {
    let (Some(fields), Some(desired)) = (fields.as_object(), desired.as_object()) else {
        return false;
    };
    desired.iter().all(|(name, value)| match name.as_str() {
        "apiVersion" | "kind" => true,
        "metadata" => covers_metadata(fields.get("f:metadata"), value),
        _ => covers_field(fields, name, value),
    })
}

fn covers_metadata(fields: Option<&Value>, metadata: &Value) -> bool {
    let empty = Map::new();
    let fields = fields.and_then(Value::as_object).unwrap_or(&empty);
    let Some(metadata) = metadata.as_object() else {
        return false;
    };
    metadata
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "name" | "namespace"))
        .all(|(name, value)| covers_field(fields, name, value))
}

fn covers_field(fields: &Map<String, Value>, name: &str, value: &Value) -> bool {
    fields
        .get(&format!("f:{name}"))
        .is_some_and(|fields| covers_value(fields, value))
}

fn covers_value(fields: &Value, value: &Value) -> bool {
    let Some(fields) = fields.as_object() else {
        return false;
    };
    // A leaf of the field set owns all below it: a scalar, an atomic list, an atomic map.
    if fields.is_empty() {
        return true;
    }
    match value {
        Value::Object(children) => children
            .iter()
            .all(|(name, value)| covers_field(fields, name, value)),
        Value::Array(items) => items.iter().all(|item| covers_item(fields, item)),
        // The server holds a structure where we send a scalar: let it say what it makes of that.
        _ => false,
    }
}

fn covers_item(fields: &Map<String, Value>, item: &Value) -> bool {
    let Some(item_fields) = item.as_object() else {
        // An item of a set stands in its name: `v:"text"`.
        return fields.contains_key(&format!("v:{item}"));
    };
    fields.iter().any(|(name, fields)| {
        let key = name
            .strip_prefix("k:")
            .and_then(|text| serde_json::from_str(text).ok());
        key.is_some_and(|key: Map<String, Value>| is_item(&key, item_fields)) && covers_value(fields, item)
    })
}

/// Whether a key names this item. A key field that we do not send was defaulted.
fn is_item(key: &Map<String, Value>, item: &Map<String, Value>) -> bool {
    key.iter().any(|(name, _)| item.contains_key(name))
        && key
            .iter()
            .all(|(name, value)| item.get(name).is_none_or(|sent| sent == value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Value {
        json!({
            "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {".": {}, "v:\"keep\"": {}}},
            "f:spec": {
                "f:template": {"f:spec": {"f:containers": {
                    "k:{\"name\":\"api\"}": {
                        ".": {}, "f:name": {}, "f:image": {},
                        "f:ports": {"k:{\"containerPort\":5000,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
                    },
                }}},
                "f:metrics": {},
            },
        })
    }

    fn desired() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "api", "namespace": "app", "labels": {"app": "api"}, "finalizers": ["keep"]},
            "spec": {
                "template": {"spec": {"containers": [
                    {"name": "api", "image": "a", "ports": [{"containerPort": 5000}]},
                ]}},
                "metrics": [{"type": "Resource"}],
            },
        })
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Value, &mut Value), expected: bool) {
        let (mut fields, mut desired) = (fields(), desired());
        change(&mut fields, &mut desired);
        assert_eq!(covers(&fields, &desired), expected, "{fields:#}");
    }

    #[test]
    fn a_whole_field_set_covers_what_we_send() {
        check(|_, _| {}, true);
    }

    #[test]
    fn a_lost_label_is_missed() {
        check(
            |fields, _| fields["f:metadata"]["f:labels"] = json!({"f:other": {}}),
            false,
        );
    }

    #[test]
    fn a_lost_field_of_a_list_item_is_missed() {
        check(
            |fields, _| {
                let containers = &mut fields["f:spec"]["f:template"]["f:spec"]["f:containers"];
                containers["k:{\"name\":\"api\"}"] = json!({".": {}, "f:name": {}});
            },
            false,
        );
    }

    #[test]
    fn a_lost_list_item_is_missed() {
        check(
            |fields, _| {
                fields["f:spec"]["f:template"]["f:spec"]["f:containers"] =
                    json!({"k:{\"name\":\"x\"}": {"f:name": {}}});
            },
            false,
        );
    }

    #[test]
    fn a_lost_item_of_a_set_is_missed() {
        check(
            |fields, _| fields["f:metadata"]["f:finalizers"] = json!({".": {}}),
            false,
        );
    }

    #[test]
    fn a_field_that_we_did_not_send_before_is_missed() {
        check(|_, desired| desired["spec"]["paused"] = json!(true), false);
    }

    #[test]
    fn an_atomic_list_is_covered_whatever_is_in_it() {
        check(
            |_, desired| desired["spec"]["metrics"] = json!([{"type": "Other"}, {"type": "More"}]),
            true,
        );
    }

    #[test]
    fn an_empty_field_set_covers_nothing() {
        check(|fields, _| *fields = json!({}), false);
        check(|fields, _| *fields = Value::Null, false);
    }
}
