//! Which parts of its plan an apply still trusts once it holds the lock.

use serde_json::{Value, json};

use crate::fixture::World;
use crate::proxy::{Harm, Proxy, Write, through};

/// An object without our label is in no LIST, so nothing proves that it has not changed since the plan.
async fn check_changed_after_confirmation(label: &str) {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let unlabelled = json!({"metadata": {"labels": {label: Value::Null}}});
    world.edit(&world.deployment(), &unlabelled).await;
    let theirs = Write {
        method: "PATCH",
        path: format!("{}?fieldManager=somebody", world.deployment()),
        content_type: "application/json-patch+json",
        body: json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "theirs:1"}]),
    };
    // The lock is taken after the confirmation.
    let proxy = Proxy::start(world.client(), Harm::Before("POST", "/leases", theirs)).await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(5)
        .expect_text(&format!(
            "error: the cluster has moved since the plan was shown: Deployment/{}/api",
            world.app
        ));
    let live = world.read(&world.deployment()).await.unwrap();
    assert_eq!(
        live["spec"]["template"]["spec"]["containers"][0]["image"],
        "theirs:1"
    );
    world.apply().await.expect_code(0);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn a_change_of_an_object_without_the_environments_label_is_seen() {
    check_changed_after_confirmation("infra.internal/environment").await;
}

#[tokio::test]
async fn a_change_of_an_object_without_the_stacks_label_is_seen() {
    check_changed_after_confirmation("infra.internal/stack").await;
}

#[tokio::test]
async fn an_object_that_is_deleted_before_our_part_is_taken_back_stays_deleted() {
    let world = World::new().await;
    let scripts = format!("/api/v1/namespaces/{}/configmaps", world.database);
    let path = format!("{scripts}/mongodb-scripts");
    let write = |method, path: String, body| Write {
        method,
        path,
        content_type: "application/json",
        body,
    };
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mongodb-scripts"}});
    // Another client creates it before we do, and deletes it before we undo our part.
    let writes = vec![
        write("POST", format!("{scripts}?fieldManager=somebody"), theirs),
        write("DELETE", path.clone(), json!({})),
    ];
    let harm = Harm::BeforeEach("PATCH", "/configmaps/mongodb-scripts", writes);
    let proxy = Proxy::start(world.client(), harm).await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(6)
        .expect_text("another client created it at the same time, and it has been deleted since");
    assert_eq!(world.read(&path).await, None::<Value>);
}
