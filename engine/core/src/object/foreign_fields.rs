//! Fields of our objects that other managers own, from `managedFields`. Pure.

use serde_json::Value;

use super::field_managers::{Author, managers};
use super::field_set::FieldSet;
use super::path::Path;

/// Components of Kubernetes that keep books in the metadata of objects.
const CONTROL_PLANE: [&str; 5] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "cloud-controller-manager",
];

/// Another field manager, and its fields in an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignManager {
    /// The manager.
    pub author: Author,
    /// Its fields: of each branch that is not ours in any part, only the root.
    pub fields: Vec<String>,
}

/// Lists the fields in `live` that other managers own and `desired` lacks, without status and the control plane's bookkeeping.
#[must_use]
pub fn foreign_fields(live: &Value, desired: &Value) -> Vec<ForeignManager> {
    let entries =
        managers(live).filter(|manager| !manager.is_of_this_program() && manager.subresource != "status");
    let found = entries.filter_map(|manager| {
        let keeps_books = CONTROL_PLANE.contains(&manager.name);
        let mut paths = Vec::new();
        collect(&Path::default(), &manager.fields(), desired, &mut paths);
        let fields: Vec<String> = paths
            .iter()
            .filter(|path| !path.starts_with(&["status"]))
            .filter(|path| !(keeps_books && path.starts_with(&["metadata"])))
            .map(ToString::to_string)
            .collect();
        (!fields.is_empty()).then(|| ForeignManager {
            author: manager.author(),
            fields,
        })
    });
    found.collect()
}

/// Walks a field set along the desired object and collects the paths that leave it.
fn collect(path: &Path, fields: &FieldSet<'_>, desired: &Value, found: &mut Vec<Path>) {
    for (element, below) in fields.elements() {
        let desired = element.find_in(desired);
        let path = path.then(element);
        match desired {
            Some(desired) => collect(&path, below, desired, found),
            None => found.push(path),
        }
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
        let found: Vec<String> = foreign_fields(&live, &desired)
            .into_iter()
            .map(|other| format!("{}: {}", other.author.manager, other.fields.join(", ")))
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
