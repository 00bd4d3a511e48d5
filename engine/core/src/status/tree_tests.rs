//! Objects, and the tree that is shown of them.

use serde_json::{Value, json};

use super::tree::{Found, Part, Running, Wanted, is_ready, tree};
use crate::object::{Identity, Kind, KindNames, ObjectId};

fn id(kind: &str, namespace: Option<&str>, name: &str) -> ObjectId {
    let group = match kind {
        "Deployment" | "StatefulSet" => "apps",
        "HorizontalPodAutoscaler" => "autoscaling",
        _ => "",
    };
    ObjectId::from(Identity {
        kind: Kind::from(KindNames {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: namespace.is_some(),
        }),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    })
}

fn found(kind: &str, namespace: Option<&str>, name: &str, part: Wanted, live: Value) -> Found {
    Found {
        id: id(kind, namespace, name),
        live: Some(live).filter(|live| !live.is_null()),
        part,
    }
}

fn owned(name: &str, owner: &str, mut object: Value) -> Value {
    object["metadata"]["name"] = json!(name);
    object["metadata"]["uid"] = json!(name);
    object["metadata"]["ownerReferences"] = json!([{"uid": owner}]);
    object
}

fn lines(parts: &[Part], indent: usize, text: &mut Vec<String>) {
    for part in parts {
        let space = " ".repeat(indent);
        text.push(format!(
            "{:?} {space}{}: {}",
            part.state,
            part.label(),
            part.detail
        ));
        lines(&part.parts, indent + 1, text);
    }
}

#[track_caller]
fn check(objects: &[Found], running: &Running, ready: bool, expected: &[&str]) {
    let mut shown = Vec::new();
    lines(&tree(objects, running), 0, &mut shown);
    assert_eq!(shown, expected);
    assert_eq!(is_ready(objects), ready);
}

fn deployment(available: i64) -> Value {
    json!({
        "metadata": {"uid": "d", "generation": 1, "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": {"replicas": 1},
        "status": {
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
            "readyReplicas": available, "availableReplicas": available,
        },
    })
}

fn set(name: &str, revision: &str, replicas: i64) -> Value {
    let metadata = json!({"annotations": {"deployment.kubernetes.io/revision": revision}});
    owned(
        name,
        "d",
        json!({"metadata": metadata, "spec": {"replicas": replicas}, "status": {"readyReplicas": replicas}}),
    )
}

#[test]
fn a_ready_deployment_shows_its_pods_and_containers() {
    let pod = json!({
        "spec": {"nodeName": "one"},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "initContainerStatuses": [{"name": "users", "state": {"terminated": {"exitCode": 0}}}],
            "containerStatuses": [{
                "name": "api", "image": "service:dev", "ready": true, "restartCount": 1, "state": {"running": {}},
            }],
        },
    });
    check(
        &[
            found(
                "Namespace",
                None,
                "app",
                Wanted::Yes,
                json!({"status": {"phase": "Active"}}),
            ),
            found("Deployment", Some("app"), "api", Wanted::Yes, deployment(1)),
        ],
        &Running {
            sets: vec![set("api-old", "1", 0), set("api-new", "2", 1)],
            pods: vec![owned("api-new-1", "api-new", pod)],
        },
        true,
        &[
            "Ready Namespace/app: ",
            "Ready  Deployment/api: 1 of 1 ready",
            "Ready   ReplicaSet/api-new: 1 of 1 ready",
            "Ready    Pod/api-new-1: on one",
            "Ready     api: service:dev, 1 restart",
        ],
    );
}

#[test]
fn a_pod_that_cannot_run_says_why() {
    let pod = json!({"status": {"containerStatuses": [{
        "name": "api", "image": "service:dev", "ready": false,
        "state": {"waiting": {"reason": "ErrImageNeverPull"}},
    }]}});
    check(
        &[found(
            "Deployment",
            Some("app"),
            "api",
            Wanted::Yes,
            deployment(0),
        )],
        &Running {
            sets: vec![set("api-new", "2", 1)],
            pods: vec![owned("api-new-1", "api-new", pod)],
        },
        false,
        &[
            "There Namespace/app: given, not of this environment",
            "Waiting  Deployment/api: 0 of 1 pods are ready",
            "Ready   ReplicaSet/api-new: 1 of 1 ready",
            "Failed    Pod/api-new-1: image `service:dev` is not on the node, and its pull policy is `Never`",
            "Waiting     api: service:dev, ErrImageNeverPull",
        ],
    );
}

#[test]
fn what_is_missing_kept_or_left_over_is_said() {
    let claim = json!({
        "spec": {"volumeName": "v"}, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}},
    });
    check(
        &[
            found("Secret", Some("app"), "users", Wanted::Yes, Value::Null),
            found("PersistentVolumeClaim", Some("app"), "data", Wanted::Kept, claim),
            found("Service", Some("app"), "old", Wanted::No, json!({"spec": {}})),
        ],
        &Running::default(),
        false,
        &[
            "There Namespace/app: given, not of this environment",
            "Missing  Secret/users: ",
            "Kept  PersistentVolumeClaim/data: 1Gi in volume v",
            "Unwanted  Service/old: ",
        ],
    );
}

#[test]
fn an_autoscaler_without_metrics_says_so() {
    let autoscaler = json!({
        "spec": {"minReplicas": 2, "maxReplicas": 5},
        "status": {"currentReplicas": 2, "conditions": [
            {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}
        ]},
    });
    check(
        &[found(
            "HorizontalPodAutoscaler",
            Some("app"),
            "api",
            Wanted::Yes,
            autoscaler,
        )],
        &Running::default(),
        true,
        &[
            "There Namespace/app: given, not of this environment",
            "There  HorizontalPodAutoscaler/api: 2 to 5 pods, now 2; does not scale: FailedGetResourceMetric",
        ],
    );
}
