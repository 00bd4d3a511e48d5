//! The fields that harden the stack, to be dropped one at a time.

use serde_json::Value;

/// Kind and name of an object, and the field of it that is dropped.
pub(crate) const MUTATIONS: &[(&str, &str)] = &[
    (
        "Namespace/app",
        "/metadata/labels/pod-security.kubernetes.io~1enforce",
    ),
    ("ServiceAccount/api", "/automountServiceAccountToken"),
    ("ServiceAccount/mongodb", "/automountServiceAccountToken"),
    ("PodDisruptionBudget/api", "/spec/maxUnavailable"),
    ("PodDisruptionBudget/api", "/spec/unhealthyPodEvictionPolicy"),
    ("PodDisruptionBudget/mongodb", "/spec/selector/matchLabels"),
    ("NetworkPolicy/api", "/spec/policyTypes/1"),
    ("NetworkPolicy/api", "/spec/ingress/0/ports"),
    ("NetworkPolicy/api", "/spec/egress/0/to"),
    ("NetworkPolicy/api", "/spec/egress/0/ports/0/port"),
    ("NetworkPolicy/api", "/spec/egress/1/to/0/namespaceSelector"),
    ("NetworkPolicy/mongodb", "/spec/podSelector/matchLabels"),
    ("NetworkPolicy/mongodb", "/spec/ingress/0/from"),
    ("NetworkPolicy/mongodb", "/spec/ingress/0/from/0/podSelector"),
    (
        "NetworkPolicy/mongodb",
        "/spec/ingress/0/from/0/namespaceSelector",
    ),
    ("NetworkPolicy/mongodb", "/spec/egress/0/to"),
    ("NetworkPolicy/mongodb", "/spec/egress/0/ports"),
    ("Deployment/api", "/spec/strategy/rollingUpdate/maxUnavailable"),
    ("Deployment/api", "/spec/template/spec/serviceAccountName"),
    (
        "Deployment/api",
        "/spec/template/spec/automountServiceAccountToken",
    ),
    ("Deployment/api", "/spec/template/spec/enableServiceLinks"),
    (
        "Deployment/api",
        "/spec/template/spec/securityContext/runAsNonRoot",
    ),
    ("Deployment/api", "/spec/template/spec/securityContext/runAsUser"),
    ("Deployment/api", "/spec/template/spec/securityContext/runAsGroup"),
    ("Deployment/api", "/spec/template/spec/securityContext/fsGroup"),
    (
        "Deployment/api",
        "/spec/template/spec/securityContext/seccompProfile",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/terminationGracePeriodSeconds",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/topologySpreadConstraints/0",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/topologySpreadConstraints/1",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/volumes/0/secret/defaultMode",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/volumes/1/emptyDir/sizeLimit",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/imagePullPolicy",
    ),
    ("Deployment/api", "/spec/template/spec/containers/0/lifecycle"),
    ("Deployment/api", "/spec/template/spec/containers/0/livenessProbe"),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/readinessProbe",
    ),
    ("Deployment/api", "/spec/template/spec/containers/0/startupProbe"),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/resources/requests/cpu",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/resources/limits/memory",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/resources/limits/ephemeral-storage",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/securityContext/capabilities/drop",
    ),
    (
        "Deployment/api",
        "/spec/template/spec/containers/0/volumeMounts/0/readOnly",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/automountServiceAccountToken",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/securityContext/runAsNonRoot",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/securityContext/fsGroupChangePolicy",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/securityContext/seccompProfile/type",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/terminationGracePeriodSeconds",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/initContainers/0/resources/limits",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/initContainers/0/securityContext",
    ),
    ("StatefulSet/mongodb", "/spec/template/spec/containers/0/args/0"),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/containers/0/readinessProbe",
    ),
    (
        "StatefulSet/mongodb",
        "/spec/template/spec/containers/0/securityContext/capabilities",
    ),
    (
        "PersistentVolume/shop-mongodb-data",
        "/spec/persistentVolumeReclaimPolicy",
    ),
    ("PersistentVolume/shop-mongodb-data", "/spec/claimRef"),
    ("PersistentVolume/shop-mongodb-data", "/spec/nodeAffinity"),
    ("PersistentVolume/shop-mongodb-data", "/spec/hostPath/type"),
];

/// The objects, with one field of one object dropped. The field must be there.
pub(crate) fn without(objects: &[Value], object: &str, field: &str) -> Vec<Value> {
    let (kind, name) = object.split_once('/').unwrap();
    let mut objects = objects.to_vec();
    let is_meant = |found: &&mut Value| found["kind"] == kind && found["metadata"]["name"] == name;
    let found = objects.iter_mut().find(is_meant).unwrap();
    let (parent, last) = field.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/");
    let dropped = match found.pointer_mut(parent) {
        Some(Value::Object(fields)) => fields.remove(&last).is_some(),
        Some(Value::Array(items)) => {
            items.remove(last.parse().unwrap());
            true
        }
        _ => false,
    };
    assert!(dropped, "{object} has the field {field}");
    objects
}
