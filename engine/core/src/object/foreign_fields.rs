//! What others own in an object beside us, as its `managedFields` say. Pure.

use serde_json::{Map, Value};

use super::coverage::is_item;
use super::field_managers::{Operation, managers};
use super::path::{Path, Step};

/// Parts of Kubernetes itself: what they note in the metadata of an object is their bookkeeping.
const CONTROL_PLANE: [&str; 5] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "cloud-controller-manager",
];

/// Somebody else, and what it owns in an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The field manager.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: String,
    /// The manager's last write of any field, RFC 3339.
    pub time: String,
    /// The fields, each the highest that is not ours in any part.
    pub fields: Vec<String>,
}

/// Lists what others own in `live` that `desired` does not have, status and the control plane's bookkeeping aside.
#[must_use]
pub fn others(live: &Value, desired: &Value) -> Vec<Other> {
    let entries =
        managers(live).filter(|manager| !manager.is_of_this_program() && manager.subresource != "status");
    let named = entries.filter_map(|manager| {
        let keeps_books = CONTROL_PLANE.contains(&manager.name);
        let mut paths = Vec::new();
        beside(
            &Path::default(),
            manager.fields().as_object()?,
            Some(desired),
            &mut paths,
        );
        let fields: Vec<String> = paths
            .iter()
            .filter(|path| !path.starts_with(&["status"]))
            .filter(|path| !(keeps_books && path.starts_with(&["metadata"])))
            .map(ToString::to_string)
            .collect();
        (!fields.is_empty()).then(|| Other {
            manager: manager.name.to_owned(),
            operation: manager.operation,
            subresource: manager.subresource.to_owned(),
            time: manager.time.to_owned(),
            fields,
        })
    });
    named.collect()
}

/// Walks down a field set along what is desired, and collects where the two part.
fn beside(path: &Path, fields: &Map<String, Value>, desired: Option<&Value>, found: &mut Vec<Path>) {
    for (name, below) in fields {
        let Some((step, desired)) = step(name, desired) else {
            continue;
        };
        let path = path.then(step);
        match (desired, below.as_object()) {
            (None, _) => found.push(path),
            (Some(desired), Some(below)) => self::beside(&path, below, Some(desired), found),
            (Some(_), None) => {}
        }
    }
}

/// One step of a field set, and what is desired there; `None` for `.`, which stands for the thing itself.
fn step<'a>(name: &str, desired: Option<&'a Value>) -> Option<(Step, Option<&'a Value>)> {
    let (sort, rest) = name.split_once(':')?;
    match sort {
        "f" => {
            let below = desired.and_then(|desired| desired.get(rest));
            Some((Step::Field(rest.to_owned()), below))
        }
        "k" => {
            let key: Map<String, Value> = serde_json::from_str(rest).ok()?;
            let items = desired.and_then(Value::as_array);
            let below = items.and_then(|items| {
                items
                    .iter()
                    .find(|item| item.as_object().is_some_and(|item| is_item(&key, item)))
            });
            Some((Step::Item(key.into_iter().collect()), below))
        }
        "v" => {
            let value: Value = serde_json::from_str(rest).ok()?;
            let items = desired.and_then(Value::as_array);
            let below = items.and_then(|items| items.iter().find(|item| **item == value));
            Some((Step::Item(vec![(String::new(), value)]), below))
        }
        "i" => {
            let index = rest.parse().ok()?;
            let below = desired.and_then(|desired| desired.get(index));
            Some((Step::Index(index), below))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(entry: &Value, expected: &[&str]) {
        let live = json!({"metadata": {"managedFields": [
            {"manager": "infra", "operation": "Apply", "fieldsV1": {"f:spec": {"f:ours": {}}}}, entry,
        ]}});
        let desired = json!({
            "metadata": {"name": "a", "labels": {"app": "a"}},
            "spec": {"ours": 1, "ports": [{"port": 80}], "containers": [{"name": "api", "image": "a"}]},
        });
        let found: Vec<String> = others(&live, &desired)
            .into_iter()
            .map(|other| format!("{}: {}", other.manager, other.fields.join(", ")))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_not_ours_is_named_by_its_highest_field() {
        check(
            &json!({"manager": "mesh", "operation": "Update", "fieldsV1": {
                "f:metadata": {"f:annotations": {".": {}, "f:mesh/on": {}}, "f:labels": {"f:app": {}, "f:b": {}}},
                "f:spec": {"f:affinity": {"f:nodeAffinity": {"f:a": {}}}, "f:containers": {
                    "k:{\"name\":\"api\"}": {"f:image": {}, "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:value": {}}}},
                    "k:{\"name\":\"proxy\"}": {".": {}, "f:name": {}, "f:image": {}},
                }},
            }}),
            &[
                "mesh: metadata.annotations, metadata.labels.b, spec.affinity, spec.containers[api].env, \
               spec.containers[proxy]",
            ],
        );
    }

    #[test]
    fn what_we_send_is_not_named_whoever_owns_it() {
        check(
            &json!({"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {
                "f:ours": {}, "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
            }}}),
            &[],
        );
    }

    #[test]
    fn status_and_bookkeeping_are_left_out() {
        check(
            &json!({"manager": "operator", "operation": "Update", "subresource": "status",
                "fieldsV1": {"f:metadata": {"f:annotations": {"f:revision": {}}}, "f:status": {"f:a": {}}}}),
            &[],
        );
        check(
            &json!({"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale",
                "fieldsV1": {"f:metadata": {"f:annotations": {"f:a": {}}}, "f:spec": {"f:replicas": {}}}}),
            &["kube-controller-manager: spec.replicas"],
        );
    }
}
