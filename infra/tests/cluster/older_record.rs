//! A record from before stacks had names: the objects of its environment stay unchanged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fixture::{OBJECTS, World};

/// Path of the Secrets in the namespace of the records.
const SECRETS: &str = "/api/v1/namespaces/infra-system/secrets";

/// The record as it was written then, before the first apply of an environment.
async fn seed(world: &World) {
    let identity = world.read("/api/v1/namespaces/kube-system").await.unwrap();
    let record = json!({
        "format_version": 1, "environment": world.name, "cluster_id": identity["metadata"]["uid"],
        "root_password": "r".repeat(48), "application_password": "a".repeat(48), "hash_key": "ab".repeat(32),
        "kinds": [], "namespaces": [], "claims": [], "data_keys": [],
    });
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "infra.internal/record",
        "metadata": {
            "name": format!("infra-{}", world.name),
            "labels": {"app.kubernetes.io/managed-by": "infra", "infra.internal/record": world.name},
        },
        "data": {"record.json": STANDARD.encode(record.to_string())},
    });
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "infra-system"}});
    // Another test may have created it.
    world
        .request("POST", "/api/v1/namespaces", "application/json", &namespace)
        .await;
    world.create(SECRETS, &secret).await;
}

async fn recorded(world: &World) -> Value {
    let secret = world
        .read(&format!("{SECRETS}/infra-{}", world.name))
        .await
        .unwrap();
    let text = secret["data"]["record.json"].as_str().unwrap();
    serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap()
}

#[tokio::test]
async fn objects_without_the_stacks_label_are_carried_over_unchanged() {
    let world = World::new().await;
    seed(&world).await;
    // With that record the objects are those that were applied then: without the stack's label.
    world.apply().await.expect_code(0);
    let deployment = format!("/apis/apps/v1/namespaces/{}/deployments/api", world.app);
    let labels = world.read(&deployment).await.unwrap()["metadata"]["labels"].clone();
    assert_eq!(labels["infra.internal/environment"], *world.name);
    assert!(labels["infra.internal/stack"].is_null(), "{labels}");

    world.plan().await.expect_code(0).expect_line(&format!(
        "No changes. {} matches its configuration ({OBJECTS} objects).",
        world.name
    ));
    let record = recorded(&world).await;
    assert_eq!(record["stack"], "data-api");
    assert_eq!(record["secrets"]["root_password"], "r".repeat(48));

    // Even with the record lost, the existing objects stay unchanged.
    world.delete(&format!("{SECRETS}/infra-{}", world.name)).await;
    let planned = world.plan().await.expect_code(0);
    assert!(
        !planned.stdout.contains("infra.internal/stack"),
        "{}",
        planned.stdout
    );
    assert!(
        planned
            .last_line()
            .starts_with("Plan: 0 to create, 0 to change, 0 to replace, 0 to delete")
    );
    world.apply().await.expect_code(0);
    world.plan().await.expect_code(0).expect_text("No changes.");
    world.destroy().await.expect_code(0);
    assert!(world.read(&deployment).await.is_none());
}

#[tokio::test]
async fn a_destroy_without_a_record_finds_objects_without_the_stacks_label() {
    let world = World::new().await;
    seed(&world).await;
    world.apply().await.expect_code(0);
    world.delete(&format!("{SECRETS}/infra-{}", world.name)).await;
    world.destroy().await.expect_code(0);
    let deployment = format!("/apis/apps/v1/namespaces/{}/deployments/api", world.app);
    assert!(world.read(&deployment).await.is_none());
}
