//! Differences between a live object and a proposed one. Pure.

use serde_json::{Map, Value};

use super::id::Kind;
use super::path::{Path, PathElement, item_key, list_key};

/// Fields that the API server writes itself, at every write.
const SERVER_FIELDS: [&str; 6] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// A field's value, fit for display.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// Not confidential.
    Shown(Value),
    /// Part of a Secret: its existence may be shown, never its value.
    Hidden,
}

/// One field that would change.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// The field's path.
    pub path: Path,
    /// Its value in the cluster; `None` when it is missing.
    pub live: Option<FieldValue>,
    /// Its value after the change; `None` when it would be removed.
    pub proposed: Option<FieldValue>,
}

/// Lists the fields in which `proposed` differs from `live`, by name.
///
/// Skips `status` and fields that the API server writes. Values of Secrets are hidden.
#[must_use]
pub fn differences(kind: &Kind, live: &Value, proposed: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare(&Path::default(), Some(live), Some(proposed), &mut found);
    found.retain(|change| !is_written_by_server(&change.path));
    if kind.is_secret() {
        for change in &mut found {
            if !is_open_in_secrets(&change.path) {
                change.live = change.live.take().map(|_| FieldValue::Hidden);
                change.proposed = change.proposed.take().map(|_| FieldValue::Hidden);
            }
        }
    }
    found
}

/// An annotation in which the server counts the templates of a `DaemonSet`.
const COUNTED_TEMPLATES: &str = "deprecated.daemonset.template.generation";

fn is_written_by_server(path: &Path) -> bool {
    path.starts_with(&["status"])
        || path.starts_with(&["metadata", "annotations", COUNTED_TEMPLATES])
        || SERVER_FIELDS
            .iter()
            .any(|field| path.starts_with(&["metadata", field]))
}

/// Whether a field of a Secret may be shown. An allow-list, because annotations can hold copies of the data.
fn is_open_in_secrets(path: &Path) -> bool {
    [
        &["metadata", "labels"][..],
        &["metadata", "annotations", super::marks::STATE_HASH],
        &["metadata", "ownerReferences"],
        &["metadata", "finalizers"],
        &["type"],
        &["immutable"],
    ]
    .iter()
    .any(|open| path.starts_with(open))
}

fn compare(path: &Path, live: Option<&Value>, proposed: Option<&Value>, found: &mut Vec<FieldChange>) {
    // Some kinds write `null` for an absent field.
    let is_there = |value: &&Value| !value.is_null();
    match (live.filter(is_there), proposed.filter(is_there)) {
        (live, proposed) if live == proposed => {}
        (Some(Value::Object(live)), Some(Value::Object(proposed))) => {
            compare_fields(path, live, proposed, found);
        }
        // An object that appears or goes is shown field by field, so that each value stands on its own line.
        (Some(Value::Object(live)), None) if !live.is_empty() => {
            compare_fields(path, live, &Map::new(), found);
        }
        (None, Some(Value::Object(proposed))) if !proposed.is_empty() => {
            compare_fields(path, &Map::new(), proposed, found);
        }
        (Some(Value::Array(live)), Some(Value::Array(proposed))) => {
            compare_lists(path, live, proposed, found);
        }
        (live, proposed) => found.push(FieldChange {
            path: path.clone(),
            live: live.cloned().map(FieldValue::Shown),
            proposed: proposed.cloned().map(FieldValue::Shown),
        }),
    }
}

fn compare_fields(
    path: &Path,
    live: &Map<String, Value>,
    proposed: &Map<String, Value>,
    found: &mut Vec<FieldChange>,
) {
    let mut names: Vec<&String> = live.keys().chain(proposed.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let path = path.then(PathElement::Field(name.clone()));
        compare(&path, live.get(name), proposed.get(name), found);
    }
}

fn find<'a>(items: &'a [Value], key: &[&str], wanted: &Map<String, Value>) -> Option<&'a Value> {
    items
        .iter()
        .find(|item| item_key(item, key).as_ref() == Some(wanted))
}

fn compare_lists(path: &Path, live: &[Value], proposed: &[Value], found: &mut Vec<FieldChange>) {
    let Some(key) = list_key([live, proposed]) else {
        for index in 0..live.len().max(proposed.len()) {
            let path = path.then(PathElement::Index(index));
            compare(&path, live.get(index), proposed.get(index), found);
        }
        return;
    };
    let before = found.len();
    let mut keys: Vec<_> = live.iter().filter_map(|item| item_key(item, key)).collect();
    for item in proposed.iter().filter_map(|item| item_key(item, key)) {
        if !keys.contains(&item) {
            keys.push(item);
        }
    }
    for wanted in keys {
        let live = find(live, key, &wanted);
        let proposed = find(proposed, key, &wanted);
        compare(&path.then(PathElement::Key(wanted)), live, proposed, found);
    }
    // The same items in another order: the order itself is the change.
    if found.len() == before {
        found.push(FieldChange {
            path: path.clone(),
            live: Some(FieldValue::Shown(Value::Array(live.to_vec()))),
            proposed: Some(FieldValue::Shown(Value::Array(proposed.to_vec()))),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::kind_of;

    fn check(live: &Value, proposed: &Value, expected: &[&str]) {
        let kind = kind_of::<k8s_openapi::api::apps::v1::Deployment>();
        let shown: Vec<String> = differences(&kind, live, proposed).iter().map(show).collect();
        assert_eq!(shown, expected);
    }

    fn show(change: &FieldChange) -> String {
        let side = |value: &Option<FieldValue>| match value {
            Some(FieldValue::Shown(value)) => value.to_string(),
            Some(FieldValue::Hidden) => "hidden".to_owned(),
            None => "nothing".to_owned(),
        };
        format!(
            "{}: {} -> {}",
            change.path,
            side(&change.live),
            side(&change.proposed)
        )
    }

    #[test]
    fn equal_objects_do_not_differ() {
        check(&json!({"spec": {"a": 1}}), &json!({"spec": {"a": 1}}), &[]);
    }

    #[test]
    fn what_the_server_writes_is_no_difference() {
        check(
            &json!({"metadata": {"resourceVersion": "1", "generation": 1}, "status": {"a": 1}}),
            &json!({"metadata": {"resourceVersion": "2"}}),
            &[],
        );
    }

    #[test]
    fn items_of_keyed_lists_are_matched_by_their_key() {
        check(
            &json!({"spec": {"containers": [{"name": "sidecar"}, {"name": "api", "image": "a"}]}}),
            &json!({"spec": {"containers": [{"name": "api", "image": "b"}, {"name": "sidecar"}]}}),
            &[r#"spec.containers[api].image: "a" -> "b""#],
        );
    }

    #[test]
    fn a_changed_order_alone_is_a_difference() {
        check(
            &json!({"spec": {"args": [{"name": "a"}, {"name": "b"}]}}),
            &json!({"spec": {"args": [{"name": "b"}, {"name": "a"}]}}),
            &[r#"spec.args: [{"name":"a"},{"name":"b"}] -> [{"name":"b"},{"name":"a"}]"#],
        );
    }

    #[test]
    fn lists_without_keys_are_compared_by_position() {
        check(
            &json!({"spec": {"args": ["a", "b"]}}),
            &json!({"spec": {"args": ["a"]}}),
            &[r#"spec.args[1]: "b" -> nothing"#],
        );
    }

    #[test]
    fn label_names_are_quoted_in_paths() {
        check(
            &json!({"metadata": {"labels": {}}}),
            &json!({"metadata": {"labels": {"app.kubernetes.io/name": "api"}}}),
            &[r#"metadata.labels["app.kubernetes.io/name"]: nothing -> "api""#],
        );
    }

    #[test]
    fn values_of_secrets_and_copies_of_them_are_hidden() {
        let kind = kind_of::<k8s_openapi::api::core::v1::Secret>();
        let live = json!({
            "data": {"password": "b2xk"}, "stringData": {"password": "old"}, "type": "Opaque",
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "old"}},
        });
        let proposed = json!({"data": {"password": "bmV3"}, "type": "Other", "metadata": {}});
        let shown: Vec<String> = differences(&kind, &live, &proposed).iter().map(show).collect();
        assert_eq!(
            shown,
            [
                "data.password: hidden -> hidden",
                "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]: hidden -> nothing",
                "stringData.password: hidden -> nothing",
                r#"type: "Opaque" -> "Other""#,
            ]
        );
    }
}
