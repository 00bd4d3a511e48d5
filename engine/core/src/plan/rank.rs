//! The order of deletions, in which nothing loses what it stands on. Pure.

use crate::object::Kind;

/// Rank of a kind among deletions: lower ones go first.
///
/// Controllers before what they control, workloads before what they use, data and namespaces last. A kind that is not
/// named here goes with the workloads: custom resources stand for some.
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
