//! Simulated nodes, pods and claims behave like real ones.

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    batch::v1::Job,
    core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod},
    storage::v1::StorageClass,
};
use kube::api::{DeleteParams, ListParams};
use serde_json::json;

use crate::{
    shared::{self, Namespace},
    wait,
};

#[test]
fn two_nodes_are_ready_and_the_class_is_minikubes() {
    let namespace = Namespace::create("nodes");
    let nodes = namespace
        .run(namespace.all::<Node>().list(&ListParams::default()))
        .unwrap();
    let ready: Vec<String> = nodes
        .into_iter()
        .filter(|node| {
            let conditions = node
                .status
                .as_ref()
                .and_then(|status| status.conditions.clone())
                .unwrap_or_default();
            conditions
                .iter()
                .any(|condition| condition.type_ == "Ready" && condition.status == "True")
        })
        .filter_map(|node| node.metadata.name)
        .collect();
    assert_eq!(ready, ["sandbox-1", "sandbox-2"]);
    let class = namespace
        .run(namespace.all::<StorageClass>().get("standard"))
        .unwrap();
    assert_eq!(class.provisioner, "k8s.io/minikube-hostpath");
}

#[test]
fn pods_of_a_deployment_become_ready_after_their_init_containers() {
    let namespace = Namespace::create("deployment");
    namespace.apply(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "api"}}, "template": {
            "metadata": {"labels": {"app": "api"}},
            "spec": {
                "initContainers": [{"name": "first", "image": "a"}, {"name": "second", "image": "b"}],
                "containers": [{"name": "api", "image": "service:dev"}],
            },
        }},
    }));
    namespace.wait("api", |deployment: &Deployment| {
        (deployment.status.as_ref()?.ready_replicas == Some(2)).then_some(())
    });
    let pods = namespace
        .run(namespace.api::<Pod>().list(&ListParams::default()))
        .unwrap();
    for pod in pods {
        let status = pod.status.unwrap();
        let init = status.init_container_statuses.unwrap();
        assert!(init.iter().all(|status| {
            status
                .state
                .as_ref()
                .unwrap()
                .terminated
                .as_ref()
                .unwrap()
                .exit_code
                == 0
        }));
        let container = &status.container_statuses.unwrap()[0];
        assert!(container.ready && container.started == Some(true) && container.restart_count == 0);
        assert!(container.container_id.as_ref().unwrap().starts_with("sandbox://"));
        assert!(status.pod_ip.is_some());
    }
}

#[test]
fn a_volume_is_provisioned_for_a_claim_and_deleted_with_it() {
    let namespace = Namespace::create("stateful");
    namespace.apply(&json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "database"},
        "spec": {
            "replicas": 1, "serviceName": "database", "selector": {"matchLabels": {"app": "database"}},
            "template": {
                "metadata": {"labels": {"app": "database"}},
                "spec": {"containers": [{"name": "mongod", "image": "mongo:8.0", "volumeMounts": [{"name": "data", "mountPath": "/data/db"}]}]},
            },
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "standard", "resources": {"requests": {"storage": "1Gi"}},
            }}],
        },
    }));
    namespace.wait("database", |set: &StatefulSet| {
        (set.status.as_ref()?.ready_replicas == Some(1)).then_some(())
    });
    let claims = namespace.api::<PersistentVolumeClaim>();
    let claim = namespace.run(claims.get("data-database-0")).unwrap();
    assert_eq!(claim.status.unwrap().phase.as_deref(), Some("Bound"));
    let volume = claim.spec.unwrap().volume_name.unwrap();
    assert_eq!(volume, format!("pvc-{}", claim.metadata.uid.unwrap()));

    namespace
        .run(
            namespace
                .api::<StatefulSet>()
                .delete("database", &DeleteParams::default()),
        )
        .unwrap();
    namespace
        .run(claims.delete("data-database-0", &DeleteParams::default()))
        .unwrap();
    let volumes = namespace.all::<PersistentVolume>();
    wait::until("the volume is gone", || {
        namespace
            .run(volumes.get_opt(&volume))
            .unwrap()
            .is_none()
            .then_some(())
    });
}

#[test]
fn a_job_ends_with_success() {
    let namespace = Namespace::create("job");
    namespace.apply(&json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "once", "image": "a"}]}}},
    }));
    namespace.wait("once", |job: &Job| {
        (job.status.as_ref()?.succeeded == Some(1)).then_some(())
    });
}

#[test]
fn failures_have_the_kubelets_wording() {
    let namespace = Namespace::create("failures");
    // name, image, pull policy, behaviour, final waiting reason
    let cases = [
        (
            "annotated",
            "service:dev",
            "IfNotPresent",
            Some("image-pull-failure"),
            "ImagePullBackOff",
        ),
        (
            "missing-tag",
            "service:missing",
            "IfNotPresent",
            None,
            "ImagePullBackOff",
        ),
        (
            "missing-locally",
            "service:missing",
            "Never",
            None,
            "ErrImageNeverPull",
        ),
        (
            "crashing",
            "service:dev",
            "IfNotPresent",
            Some("crash-loop"),
            "CrashLoopBackOff",
        ),
    ];
    for (name, image, policy, behaviour, _) in cases {
        namespace.apply(&pod(
            name,
            behaviour,
            &json!({"name": "main", "image": image, "imagePullPolicy": policy}),
        ));
    }
    for (name, _, _, _, reason) in cases {
        namespace.wait(name, |pod: &Pod| {
            let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?.clone();
            let waiting = status.state?.waiting?;
            (waiting.reason.as_deref() == Some(reason) && waiting.message.is_some()).then_some(())
        });
    }
    namespace.wait("crashing", |pod: &Pod| {
        let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?.clone();
        let terminated = status.last_state?.terminated?;
        (status.restart_count > 0 && terminated.exit_code == 1).then_some(())
    });
}

#[test]
fn an_init_container_with_a_missing_image_stops_the_pod() {
    let namespace = Namespace::create("init-failure");
    let mut pod = pod("init", None, &json!({"name": "main", "image": "service:dev"}));
    pod["spec"]["initContainers"] =
        json!([{"name": "fine", "image": "a"}, {"name": "broken", "image": "mongo:missing"}]);
    namespace.apply(&pod);
    namespace.wait("init", |pod: &Pod| {
        let statuses = pod.status.as_ref()?.init_container_statuses.as_ref()?;
        let waiting = statuses[1].state.as_ref()?.waiting.as_ref()?;
        (statuses[0].ready && waiting.reason.as_deref() == Some("ImagePullBackOff")).then_some(())
    });
}

#[test]
fn an_unready_pod_runs_and_stays_unready() {
    let namespace = Namespace::create("unready");
    namespace.apply(&pod(
        "unready",
        Some("unready"),
        &json!({"name": "main", "image": "a"}),
    ));
    // The event follows the start of the container, instead of readiness.
    let events = namespace.api::<k8s_openapi::api::core::v1::Event>();
    wait::until("the event of the probe", || {
        let events = namespace.run(events.list(&ListParams::default())).unwrap();
        events
            .iter()
            .any(|event| event.reason.as_deref() == Some("Unhealthy"))
            .then_some(())
    });
    let pod = namespace
        .run(namespace.api::<Pod>().get("unready"))
        .unwrap()
        .status
        .unwrap();
    assert_eq!(pod.phase.as_deref(), Some("Running"));
    assert!(!pod.container_statuses.unwrap()[0].ready);
}

#[test]
fn a_slow_start_takes_ten_seconds() {
    let namespace = Namespace::create("slow");
    namespace.apply(&pod(
        "slow",
        Some("slow-start"),
        &json!({"name": "main", "image": "a"}),
    ));
    let seconds = namespace.wait("slow", |pod: &Pod| {
        let created = pod.metadata.creation_timestamp.as_ref()?.0;
        let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?.clone();
        Some(
            status
                .state?
                .running?
                .started_at?
                .0
                .duration_since(created)
                .as_secs(),
        )
    });
    assert!((9..20).contains(&seconds), "{seconds}");
}

#[test]
fn a_deleted_pod_is_gone_despite_a_long_grace_period() {
    let namespace = Namespace::create("deletion");
    let mut pod = pod("long", None, &json!({"name": "main", "image": "a"}));
    pod["spec"]["terminationGracePeriodSeconds"] = json!(3600);
    namespace.apply(&pod);
    let pods = namespace.api::<Pod>();
    namespace.wait("long", |pod: &Pod| {
        (pod.status.as_ref()?.phase.as_deref() == Some("Running")).then_some(())
    });
    namespace
        .run(pods.delete("long", &DeleteParams::default()))
        .unwrap();
    wait::until("the pod is gone", || {
        namespace
            .run(pods.get_opt("long"))
            .unwrap()
            .is_none()
            .then_some(())
    });
}

#[test]
fn the_api_servers_process_id_is_correct() {
    let name = std::fs::read_to_string(format!("/proc/{}/comm", shared::sandbox().api_server_pid())).unwrap();
    assert_eq!(name.trim(), "kube-apiserver");
}

fn pod(name: &str, behaviour: Option<&str>, container: &serde_json::Value) -> serde_json::Value {
    let annotations = behaviour.map(|behaviour| json!({"sandbox.infra.internal/behaviour": behaviour}));
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations},
        "spec": {"containers": [container]},
    })
}
