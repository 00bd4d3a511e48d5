//! The real API server accepts every option of an environment file, and a second plan is empty.

use std::path::Path;

use infra::environment::parse;
use infra::resources;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{OBJECTS, Settings, World, run_with};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../environments");
const PULL_SECRET: &str = "[pull_secret]\nserver = \"registry.example.com\"\nusername = \"puller\"\n";
const PULL_PASSWORD: (&str, &str) = ("INFRA_PULL_SECRET__PASSWORD", "correct-horse");

/// Applies twice: the second time there is nothing to do.
async fn check_applied(world: &World, objects: usize) {
    let applied = world.apply().await.expect_code(0);
    assert!(
        applied
            .last_line()
            .starts_with(&format!("Applied: {objects} created, ")),
        "{}",
        applied.last_line()
    );
    check_settled(world).await;
}

async fn check_settled(world: &World) {
    let planned = world.plan().await.expect_code(0);
    assert!(
        planned.last_line().starts_with("No changes."),
        "{}",
        planned.stdout
    );
}

async fn create_namespace(world: &World, name: &str, labels: &Value) {
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    world.create("/api/v1/namespaces", &namespace).await;
}

#[tokio::test]
async fn a_fixed_number_of_replicas_a_quota_and_a_second_service() {
    let world = World::new().await;
    world.configure(|settings| {
        settings.service.push("replicas = 3".to_owned());
        settings.autoscaling = None;
        settings.more =
            "[mongodb]\ncluster_ip = true\nstorage = \"1024Mi\"\n[quota]\nrequests_cpu = \"0.8\"\n\
             requests_memory = \"1024Mi\"\nlimits_cpu = \"2000m\"\nlimits_memory = \"2000Mi\"\n"
                .to_owned();
    });
    // No autoscaler; a quota in each namespace; a Service more.
    check_applied(&world, OBJECTS - 1 + 2 + 1).await;
}

#[tokio::test]
async fn a_pull_password_is_given_once_and_never_printed() {
    let world = World::new().await;
    world.configure(|settings| settings.more = PULL_SECRET.to_owned());
    world
        .plan()
        .await
        .expect_code(1)
        .expect_text("no password for `registry.example.com` was ever given")
        .expect_text("INFRA_PULL_SECRET__PASSWORD");
    let applied = world
        .infra_with(&[PULL_PASSWORD], &["apply", "--yes", "-v"])
        .await
        .expect_code(0);
    check_settled(&world).await;
    let path = format!("/api/v1/namespaces/{}/secrets/image-pull", world.app);
    let secret = world.read(&path).await.unwrap();
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");

    let changed = world
        .infra_with(
            &[("INFRA_PULL_SECRET__PASSWORD", "battery-staple")],
            &["plan", "-v"],
        )
        .await
        .expect_code(0)
        .expect_line(&format!(
            "Plan: 0 to create, 2 to change, 0 to replace, 0 to delete, {OBJECTS} unchanged."
        ));
    for printed in [applied.stdout, applied.stderr, changed.stdout, changed.stderr] {
        assert!(!printed.contains("correct-horse") && !printed.contains("battery-staple"));
    }
    // A lost record recovers it from the Secret, and a destroy keeps it.
    world.delete(&world.record()).await;
    world.apply().await.expect_code(0);
    check_settled(&world).await;
    world.destroy().await.expect_code(0);
    world.apply().await.expect_code(0);
}

#[tokio::test]
async fn a_pull_secret_that_no_apply_has_created_yet_is_missing_in_the_status() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.infra("status", &[]).await.expect_code(0);
    world.configure(|settings| settings.more = PULL_SECRET.to_owned());
    let status = world.infra("status", &[]).await.expect_code(3);
    assert!(status.stdout.contains("Secret/image-pull"), "{status:#?}");
}

#[tokio::test]
async fn a_given_claim_is_mounted_and_never_deleted() {
    let world = World::new().await;
    world.configure(|settings| {
        settings.namespaces.push("create = false".to_owned());
        settings.more = "[mongodb]\nexisting_claim = \"old\"\n".to_owned();
    });
    create_namespace(&world, &world.app, &json!({})).await;
    create_namespace(&world, &world.database, &json!({})).await;
    world.plan().await.expect_code(0).expect_text(&format!(
        "PersistentVolumeClaim/{}/old does not exist: create it so that the pod can start, or set `storage` instead of \
         `existing_claim`",
        world.database
    ));
    let claims = format!("/api/v1/namespaces/{}/persistentvolumeclaims", world.database);
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "old"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    let made = world.create(&claims, &claim).await;
    check_applied(&world, OBJECTS - 2).await;

    // Another claim would be another database.
    let given = |settings: &mut Settings| settings.namespaces.push("create = false".to_owned());
    world.configure(given);
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text("the database would start empty");

    world
        .infra("destroy", &["--yes", "--purge-data", "--confirm", &world.name])
        .await
        .expect_code(0)
        .expect_text("it was provided");
    let left = world.read(&format!("{claims}/old")).await.unwrap();
    assert_eq!(left["metadata"]["uid"], made["metadata"]["uid"]);
}

#[tokio::test]
async fn a_directory_of_a_node_outlives_a_destroy() {
    let world = World::new().await;
    let nodes = world.read("/api/v1/nodes").await.unwrap();
    let node = nodes["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    world.configure(|settings| {
        settings.more = format!("[mongodb.host_path]\npath = \"/srv/mongodb\"\nnode = \"{node}\"\n");
    });
    let volume = format!("/api/v1/persistentvolumes/{}-mongodb-data", world.name);
    let claim = format!(
        "/api/v1/namespaces/{}/persistentvolumeclaims/mongodb-data",
        world.database
    );
    check_applied(&world, OBJECTS + 2).await;
    let bound = world.read(&claim).await.unwrap();
    assert_eq!(bound["status"]["phase"], "Bound");

    let destroyed = world.destroy().await.expect_code(0);
    assert!(
        destroyed
            .last_line()
            .starts_with(&format!("Destroyed: {} deleted, 4 kept in ", OBJECTS - 2)),
        "{}",
        destroyed.last_line()
    );
    world.apply().await.expect_code(0);
    let found = world.read(&claim).await.unwrap();
    assert_eq!(found["metadata"]["uid"], bound["metadata"]["uid"]);
    check_settled(&world).await;

    world
        .infra("destroy", &["--yes", "--purge-data", "--confirm", &world.name])
        .await
        .expect_code(0);
    assert!(world.read(&volume).await.is_none());
    assert!(world.read(&world.record()).await.is_none());
}

#[tokio::test]
async fn every_shipped_environment_is_taken() {
    for file in ["minikube", "production", "sandbox"] {
        let world = World::new().await;
        // Under another name: the README's examples use the environment `sandbox` of the same cluster.
        let directory = TempDir::new().unwrap();
        let name = format!("taken-{file}");
        let shipped = Path::new(SHIPPED).join(format!("{file}.toml"));
        std::fs::copy(shipped, directory.path().join(format!("{name}.toml"))).unwrap();
        let system = world.read("/api/v1/namespaces/kube-system").await.unwrap();
        let id = system["metadata"]["uid"].as_str().unwrap();
        let (kubeconfig, port) = (
            world.kubeconfig.display().to_string(),
            world.node_port.to_string(),
        );
        let variables = [
            ("INFRA_CLUSTER__CONTEXT", "sandbox"),
            ("INFRA_CLUSTER__KUBECONFIG", &kubeconfig),
            ("INFRA_CLUSTER__ID", id),
            ("INFRA_NAMESPACES__APP", &world.app),
            ("INFRA_NAMESPACES__DATABASE", &world.database),
            ("INFRA_SERVICE__NODE_PORT", &port),
            ("INFRA_SERVICE__BUILD", "false"),
            PULL_PASSWORD,
        ];
        let run = |arguments: &'static [&'static str]| {
            let arguments = [&[arguments[0], name.as_str()], &arguments[1..]].concat();
            let (variables, directory) = (&variables, directory.path());
            async move { run_with(variables, directory, &arguments).await }
        };
        run(&["apply", "--yes"]).await.expect_code(0);
        let planned = run(&["plan"]).await.expect_code(0);
        assert!(
            planned.last_line().starts_with("No changes."),
            "{file}: {}",
            planned.stdout
        );
    }
}

/// The pods that the workloads of an environment would create.
fn pods(world: &World) -> Vec<Value> {
    let text = format!(
        "cluster.context = 'a'\n[namespaces]\napp = '{}'\ndatabase = '{}'\n",
        world.app, world.app
    );
    let environment = parse(&world.name, Path::new("environments/a.toml"), &text, []).unwrap();
    let record = resources::placeholder_record(&environment, "cluster");
    let stack = resources::declare(&environment, &record);
    let workloads = stack.objects.iter().map(|declared| declared.object.json());
    workloads
        .filter(|object| object["spec"]["template"].is_object())
        .map(|object| {
            let mut pod = object["spec"]["template"].clone();
            pod["apiVersion"] = json!("v1");
            pod["kind"] = json!("Pod");
            pod["metadata"]["name"] = object["metadata"]["name"].clone();
            if !object["spec"]["volumeClaimTemplates"].is_null() {
                let volume = json!({"name": "data", "persistentVolumeClaim": {"claimName": "data"}});
                pod["spec"]["volumes"].as_array_mut().unwrap().push(volume);
            }
            pod
        })
        .collect()
}

/// Where a pod says that it has no privileges, with what it would say instead.
fn privileges() -> Vec<(&'static str, Value)> {
    vec![
        ("/spec/securityContext/runAsNonRoot", json!(false)),
        ("/spec/securityContext/seccompProfile/type", json!("Unconfined")),
        (
            "/spec/containers/0/securityContext/allowPrivilegeEscalation",
            json!(true),
        ),
        ("/spec/containers/0/securityContext/capabilities/drop", json!([])),
        (
            "/spec/volumes/0",
            json!({"name": "host", "hostPath": {"path": "/"}}),
        ),
    ]
}

#[tokio::test]
async fn every_pod_is_taken_where_privileges_are_refused() {
    let world = World::new().await;
    let label = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    create_namespace(&world, &world.app, &label).await;
    let pods = pods(&world);
    assert_eq!(pods.len(), 2);
    let path = format!("/api/v1/namespaces/{}", world.app);
    let dry_run = format!("{path}/pods?dryRun=All&fieldValidation=Strict");
    for pod in pods {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
        world.create(&format!("{path}/serviceaccounts"), &account).await;
        let taken = world.request("POST", &dry_run, "application/json", &pod).await;
        assert!(taken.is_some(), "the pod of {name} is refused");
        for (field, privilege) in privileges() {
            let mut privileged = pod.clone();
            *privileged.pointer_mut(field).unwrap() = privilege;
            let taken = world
                .request("POST", &dry_run, "application/json", &privileged)
                .await;
            assert!(taken.is_none(), "the pod of {name} is taken with another {field}");
        }
    }
}
