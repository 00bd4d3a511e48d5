//! The order of deletions: no object goes before its dependents. Pure.

use crate::object::Kind;

/// Rank of a kind among deletions: lower ones go first.
///
/// Controllers before the objects they control, workloads before the objects they use, data and namespaces last. Other kinds
/// go with the workloads: custom resources often stand for some.
#[must_use]
pub fn of_deletion(kind: &Kind) -> u8 {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("autoscaling", _) => 0,
        ("batch", _) => 2,
        ("apps", "StatefulSet") => 3,
        ("", "Service") | ("networking.k8s.io", "Ingress") => 4,
        ("", "ConfigMap" | "ServiceAccount") => 5,
        ("", "Secret") => 6,
        ("networking.k8s.io" | "policy" | "rbac.authorization.k8s.io", _)
        | ("", "ResourceQuota" | "LimitRange") => 7,
        ("", "PersistentVolumeClaim") => 8,
        ("", "PersistentVolume") => 9,
        // With it go all objects of the kind that it defines.
        ("apiextensions.k8s.io", "CustomResourceDefinition") => 10,
        ("", "Namespace") => 11,
        _ => 1,
    }
}
