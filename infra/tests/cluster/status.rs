//! The status shows the state of the cluster, using reads only.

use serde_json::json;

use crate::fixture::{OBJECTS, World};

#[tokio::test]
async fn a_status_follows_an_environment_through_its_life() {
    let world = World::new().await;
    let absent = world.infra("status", &[]).await.expect_code(3);
    assert_eq!(absent.last_line(), format!("{} is not applied.", world.name));

    world.apply().await.expect_code(0);
    let ready = world
        .infra("status", &[])
        .await
        .expect_code(0)
        .expect_line("✓ ready      StatefulSet/mongodb: 1 of 1 ready")
        .expect_line("✓ ready          mongodb: mongo:8.0")
        .expect_text("✓ ready        ReplicaSet/api-")
        .expect_text("✓ ready      PersistentVolumeClaim/data-mongodb-0: 1Gi in volume pvc-");
    assert_eq!(ready.last_line(), format!("{} is ready.", world.name));

    world.delete(&world.service()).await;
    let lacking = world
        .infra("status", &[])
        .await
        .expect_code(3)
        .expect_line("- missing    Service/api");
    assert_eq!(
        lacking.last_line(),
        format!("{} is not ready: 1 of {} objects.", world.name, OBJECTS + 1)
    );

    world.destroy().await.expect_code(0);
    let destroyed = world
        .infra("status", &[])
        .await
        .expect_code(3)
        .expect_line(&format!("= kept     Namespace/{}", world.database))
        .expect_line("= kept       Secret/mongodb-users")
        .expect_text("= kept       PersistentVolumeClaim/data-mongodb-0: 1Gi in volume pvc-");
    assert_eq!(
        destroyed.last_line(),
        format!("{} is not applied, 3 kept.", world.name)
    );
}

#[tokio::test]
async fn a_pod_that_does_not_run_says_why() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let path = format!("{}?fieldManager=kubectl-set", world.deployment());
    let image = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "api", "image": "service:missing"}
    ]}}}});
    world
        .request("PATCH", &path, "application/strategic-merge-patch+json", &image)
        .await
        .expect("the patch is taken");
    let pods = format!("/api/v1/namespaces/{}/pods", world.app);
    world
        .wait_for(&pods, |pods| {
            pods.is_some_and(|pods| pods.to_string().contains("ErrImage"))
        })
        .await;
    world
        .infra("status", &[])
        .await
        .expect_code(3)
        .expect_text("! failed         Pod/api-")
        .expect_text("image `service:missing`");
}
