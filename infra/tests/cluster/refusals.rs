//! A plan with a refused change writes nothing.

use serde_json::json;

use crate::fixture::World;

#[tokio::test]
async fn a_foreign_object_is_refused_and_nothing_is_written() {
    let world = World::new().await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.app}});
    world.create("/api/v1/namespaces", &namespace).await;
    world
        .apply()
        .await
        .expect_code(6)
        .expect_line(&format!(
            "! refuse Namespace/{}: it already exists and is not managed by this environment",
            world.app
        ))
        .expect_line("error: the plan has refused changes; nothing was written");
    assert!(world.read(&world.record()).await.is_none());
    assert!(
        world
            .read(&format!("/api/v1/namespaces/{}", world.database))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_found_before_the_first_write() {
    let world = World::new().await;
    let taken = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("taken-{}", world.name)},
        "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": world.node_port}]},
    });
    world.create("/api/v1/namespaces/default/services", &taken).await;
    world
        .apply()
        .await
        .expect_code(1)
        .expect_text(&format!(
            "! refuse Service/{}/api: the server refuses it: ",
            world.app
        ))
        .expect_text(&format!(
            "provided port is already allocated; Service/default/taken-{} uses it",
            world.name
        ));
    assert!(world.read(&world.record()).await.is_none());
    assert!(
        world
            .read(&format!("/api/v1/namespaces/{}", world.app))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn another_cluster_than_the_pinned_one_is_refused() {
    let world = World::new().await;
    world.configure(|settings| {
        settings
            .cluster
            .push("id = \"00000000-0000-0000-0000-000000000000\"".to_owned());
    });
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text("but `test-")
        .expect_text("belongs to 00000000-0000-0000-0000-000000000000");
}

#[tokio::test]
async fn a_protected_environment_is_not_destroyed() {
    let world = World::new().await;
    world.configure(|settings| settings.cluster.push("protected = true".to_owned()));
    world.destroy().await.expect_code(6).expect_text("is protected");
    world
        .infra("plan", &["--destroy"])
        .await
        .expect_code(6)
        .expect_text("is protected");
}
