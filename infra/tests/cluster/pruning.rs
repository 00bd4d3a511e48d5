//! Unwanted objects are deleted; objects of others, and objects with data, stay.

use serde_json::json;

use crate::fixture::World;

#[tokio::test]
async fn an_object_that_only_carries_our_label_is_never_pruned() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let path = format!("/api/v1/namespaces/{}/configmaps", world.app);
    let copied = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "copied", "labels": {"infra.internal/environment": world.name}},
    });
    world.create(&path, &copied).await;
    assert!(
        world
            .plan()
            .await
            .expect_code(0)
            .last_line()
            .starts_with("No changes.")
    );
    let destroyed = world.destroy().await.expect_code(0);
    assert!(
        world.read(&format!("{path}/copied")).await.is_some(),
        "{}",
        destroyed.stdout
    );
}

#[tokio::test]
async fn a_namespace_with_somebody_elses_objects_is_kept() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let path = format!("/api/v1/namespaces/{}/configmaps", world.app);
    world
        .create(
            &path,
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}}),
        )
        .await;
    world.destroy().await.expect_code(0).expect_text(&format!(
        "kept Namespace/{}: holds foreign objects: ConfigMap/{}/theirs",
        world.app, world.app
    ));
    assert!(world.read(&format!("{path}/theirs")).await.is_some());
    assert!(world.read(&world.deployment()).await.is_none());
}

#[tokio::test]
async fn renamed_namespaces_leave_nothing_but_data_behind() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let renamed = format!("{}-new", world.app);
    world.configure(|settings| {
        settings.namespaces = vec![
            format!("app = \"{renamed}\""),
            format!("database = \"{}\"", world.database),
        ];
        // The node port is still held by the Service in the old namespace until that is pruned.
        settings.service = vec![format!("node_port = {}", world.node_port + 1000)];
    });
    world.apply().await.expect_code(0);
    assert!(
        world
            .read(&format!("/api/v1/namespaces/{}", world.app))
            .await
            .is_none()
    );
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn environments_do_not_share_a_namespace() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let other = format!("{}-other", world.name);
    world.configure_as(&other, |settings| {
        settings.service = vec![format!("node_port = {}", world.node_port + 1000)];
    });
    world
        .run(&["apply", &other, "--yes"])
        .await
        .expect_code(6)
        .expect_text(&format!("it belongs to environment `{}`", world.name));
    assert!(
        world
            .read(&format!("/api/v1/namespaces/infra-system/secrets/infra-{other}"))
            .await
            .is_none()
    );
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn cleared_managers_do_not_make_a_strangers_object_ours() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let path = format!("/api/v1/namespaces/{}/configmaps", world.app);
    let copied = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "copied", "labels": {"infra.internal/environment": world.name},
            "annotations": {"infra.internal/state-hash": "v1:0"},
        },
    });
    world.create(&path, &copied).await;
    world
        .edit(
            &format!("{path}/copied"),
            &json!({"metadata": {"managedFields": [{}]}}),
        )
        .await;
    let plan = world.plan().await.expect_code(0);
    assert!(plan.last_line().starts_with("No changes."), "{}", plan.stdout);
}

#[tokio::test]
async fn an_object_that_a_node_owns_is_somebody_elses() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let node = world.read("/api/v1/nodes/sandbox-1").await.unwrap();
    let owned = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "of-a-node", "ownerReferences": [
            {"apiVersion": "v1", "kind": "Node", "name": "sandbox-1", "uid": node["metadata"]["uid"]},
        ]},
    });
    world
        .create(&format!("/api/v1/namespaces/{}/configmaps", world.app), &owned)
        .await;
    world
        .infra("plan", &["--destroy"])
        .await
        .expect_code(0)
        .expect_line(&format!(
            "keep Namespace/{}: holds foreign objects: ConfigMap/{}/of-a-node",
            world.app, world.app
        ));
}

#[tokio::test]
async fn another_version_of_a_kind_is_the_same_kind() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let secret = world.read(&world.record()).await.unwrap();
    let text = engine
        .decode(secret["data"]["record.json"].as_str().unwrap())
        .unwrap();
    let text = String::from_utf8(text).unwrap().replace(
        r#""group":"autoscaling","version":"v2""#,
        r#""group":"autoscaling","version":"v1""#,
    );
    assert!(text.contains(r#""group":"autoscaling","version":"v1""#), "{text}");
    world
        .edit(
            &world.record(),
            &json!({"data": {"record.json": engine.encode(text)}}),
        )
        .await;
    assert!(
        world
            .plan()
            .await
            .expect_code(0)
            .last_line()
            .starts_with("No changes.")
    );
}
