//! The number of replicas belongs to the autoscaler, and never falls to 1 on the way to it.

use serde_json::json;

use crate::fixture::World;

async fn scale(world: &World, replicas: u32) {
    let scale = format!("{}/scale?fieldManager=kubectl", world.deployment());
    let wanted = json!({"spec": {"replicas": replicas}});
    world
        .request("PATCH", &scale, "application/merge-patch+json", &wanted)
        .await
        .expect("the scale is taken");
}

async fn replicas(world: &World) -> i64 {
    world.read(&world.deployment()).await.unwrap()["spec"]["replicas"]
        .as_i64()
        .unwrap()
}

#[tokio::test]
async fn a_scaled_deployment_is_left_to_its_autoscaler() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    assert_eq!(replicas(&world).await, 2);
    scale(&world, 4).await;
    world
        .plan()
        .await
        .expect_code(0)
        .expect_line(&format!(
            "i note Deployment/{}/api: spec.replicas is owned by the autoscaler (now 4)",
            world.app
        ))
        .expect_text("No changes.");
    world.apply().await.expect_code(0);
    assert_eq!(replicas(&world).await, 4);
}

#[tokio::test]
async fn a_change_of_something_else_keeps_the_number_of_replicas() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    scale(&world, 5).await;
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    let plan = world.plan().await.expect_code(0);
    assert!(!plan.stdout.contains("spec.replicas:"), "{}", plan.stdout);
    world.apply().await.expect_code(0);
    assert_eq!(replicas(&world).await, 5);
}

#[tokio::test]
async fn switching_the_autoscaler_on_hands_the_number_over() {
    let world = World::new().await;
    world.configure(|settings| {
        settings.autoscaling = None;
        settings.service.push("replicas = 4".to_owned());
    });
    world.apply().await.expect_code(0);
    let before = world.read(&world.deployment()).await.unwrap();
    assert_eq!(before["spec"]["replicas"], 4);

    world.configure(|_| {});
    let plan = world
        .plan()
        .await
        .expect_code(0)
        .expect_text("spec.replicas is handed over to the autoscaler (now 4)");
    assert!(!plan.stdout.contains("spec.replicas:"), "{}", plan.stdout);
    world.apply().await.expect_code(0);
    let after = world.read(&world.deployment()).await.unwrap();
    assert_eq!(after["spec"]["replicas"], 4);
    // The annotation counts one generation; a number that had fallen and risen again would have counted two more.
    let generation = |object: &serde_json::Value| object["metadata"]["generation"].as_i64().unwrap();
    assert_eq!(generation(&after), generation(&before) + 1);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn switching_the_autoscaler_off_prunes_it_and_sets_the_number() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    scale(&world, 5).await;
    world.configure(|settings| {
        settings.autoscaling = None;
        settings.service.push("replicas = 3".to_owned());
    });
    world
        .plan()
        .await
        .expect_code(0)
        .expect_text("scale (5 to 3 pods)")
        .expect_text("was set by kubectl (through scale); the configuration now sets it")
        .expect_line(&format!("- delete HorizontalPodAutoscaler/{}/api", world.app));
    world.apply().await.expect_code(0);
    assert_eq!(replicas(&world).await, 3);
    assert!(world.read(&world.autoscaler()).await.is_none());
    assert!(world.plan().await.last_line().starts_with("No changes."));
}
