//! The key of the environment file that decides a field, so that a plan can say how to keep a value it would revert. Pure.
//!
//! A test changes each key that this table names and compares the fields that follow. It does not find a missing key.

use engine_core::stack::{Setting, Stack};

/// Kind and name of an object, a field as plans show it, and the key that decides it.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("Deployment", "api", "spec.replicas", "service.replicas"),
    (
        "Deployment",
        "api",
        "spec.template.spec.containers[api].image",
        "service.image",
    ),
    (
        "Deployment",
        "api",
        "spec.template.spec.containers[api].imagePullPolicy",
        "service.image_pull_policy",
    ),
    (
        "Deployment",
        "api",
        "spec.template.spec.containers[api].resources.requests",
        "service.requests",
    ),
    (
        "Deployment",
        "api",
        "spec.template.spec.containers[api].resources.limits",
        "service.limits",
    ),
    (
        "Service",
        "api",
        "spec.ports[5000/TCP].nodePort",
        "service.node_port",
    ),
    (
        "HorizontalPodAutoscaler",
        "api",
        "spec.minReplicas",
        "service.autoscaling.min_replicas",
    ),
    (
        "HorizontalPodAutoscaler",
        "api",
        "spec.maxReplicas",
        "service.autoscaling.max_replicas",
    ),
    (
        "HorizontalPodAutoscaler",
        "api",
        "spec.metrics",
        "service.autoscaling.target_cpu_percent",
    ),
    (
        "StatefulSet",
        "mongodb",
        "spec.template.spec.containers[mongodb].image",
        "mongodb.image",
    ),
    (
        "StatefulSet",
        "mongodb",
        "spec.template.spec.containers[mongodb].resources.requests",
        "mongodb.requests",
    ),
    (
        "StatefulSet",
        "mongodb",
        "spec.template.spec.containers[mongodb].resources.limits",
        "mongodb.limits",
    ),
    (
        "StatefulSet",
        "mongodb",
        "spec.template.spec.initContainers[users].image",
        "mongodb.image",
    ),
    (
        "StatefulSet",
        "mongodb",
        "spec.template.spec.initContainers[users].resources.requests",
        "mongodb.requests",
    ),
    (
        "StatefulSet",
        "mongodb",
        "spec.template.spec.initContainers[users].resources.limits",
        "mongodb.limits",
    ),
    (
        "ResourceQuota",
        "data-api",
        "spec.hard[\"requests.cpu\"]",
        "quota.requests_cpu",
    ),
    (
        "ResourceQuota",
        "data-api",
        "spec.hard[\"requests.memory\"]",
        "quota.requests_memory",
    ),
    (
        "ResourceQuota",
        "data-api",
        "spec.hard[\"limits.cpu\"]",
        "quota.limits_cpu",
    ),
    (
        "ResourceQuota",
        "data-api",
        "spec.hard[\"limits.memory\"]",
        "quota.limits_memory",
    ),
];

/// Adds the keys to the stack, for the objects that it declares.
pub(super) fn add(stack: &mut Stack) {
    let ids = stack.objects.iter().map(|declared| declared.object.id());
    let settings = ids.flat_map(|id| {
        TABLE
            .iter()
            .filter(|(kind, name, ..)| id.kind.kind == *kind && id.name == *name)
            .map(|(_, _, field, key)| Setting {
                object: id.clone(),
                field,
                key,
            })
    });
    stack.settings = settings.collect();
}
