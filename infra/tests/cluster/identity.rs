//! Which environment, in which cluster: two never share a namespace, and none is taken for another.

use serde_json::{Value, json};

use crate::fixture::World;

/// The UIDs of the objects in a world's namespaces, to detect changes.
async fn identities(world: &World) -> Vec<Value> {
    let mut identities = Vec::new();
    for path in [
        world.deployment(),
        world.stateful_set(),
        world.autoscaler(),
        world.service(),
        world.users(),
        world.claim(),
        world.record(),
    ] {
        let object = world.read(&path).await.expect("the object is there");
        let metadata = &object["metadata"];
        assert!(metadata["deletionTimestamp"].is_null(), "{path}");
        identities.push(json!([metadata["uid"], metadata["generation"]]));
    }
    identities
}

#[tokio::test]
async fn two_environments_live_side_by_side_in_one_cluster() {
    let (one, other) = (World::new().await, World::new().await);
    let (first, second) = tokio::join!(one.apply(), other.apply());
    first.expect_code(0);
    second.expect_code(0);
    for world in [&one, &other] {
        let plan = world.plan().await.expect_code(0);
        assert!(plan.last_line().starts_with("No changes. "), "{}", plan.stdout);
    }

    let before = identities(&other).await;
    one.infra("destroy", &["--yes", "--purge-data", "--confirm", &one.name])
        .await
        .expect_code(0);
    assert!(one.read(&one.record()).await.is_none());
    assert_eq!(identities(&other).await, before);
    let plan = other.plan().await.expect_code(0);
    assert!(plan.last_line().starts_with("No changes. "), "{}", plan.stdout);
    other.infra("status", &[]).await.expect_code(0);
}

#[tokio::test]
async fn a_namespace_that_another_environment_has_is_refused_with_its_name() {
    let (first, second) = (World::new().await, World::new().await);
    first.apply().await.expect_code(0);
    let before = identities(&first).await;
    // One of the two is enough.
    second.configure(|settings| {
        settings.namespaces = vec![
            format!("app = \"{}\"", second.app),
            format!("database = \"{}\"", first.database),
        ];
    });
    for command in ["plan", "apply"] {
        second
            .infra(command, if command == "apply" { &["--yes"] } else { &[] })
            .await
            .expect_code(6)
            .expect_line(&format!(
                "! refuse Namespace/{}: it belongs to environment `{}`",
                first.database, first.name
            ));
    }
    assert!(second.read(&second.record()).await.is_none());
    let app = format!("/api/v1/namespaces/{}", second.app);
    assert!(second.read(&app).await.is_none());
    assert_eq!(identities(&first).await, before);
    let plan = first.plan().await.expect_code(0);
    assert!(plan.last_line().starts_with("No changes. "), "{}", plan.stdout);
}

#[tokio::test]
async fn a_renamed_environment_is_refused_with_the_way_out() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let before = identities(&world).await;
    let renamed = format!("{}-new", world.name);
    world.configure_as(&renamed, |_| {});
    for arguments in [&["plan", &renamed][..], &["apply", &renamed, "--yes"]] {
        world
            .run(arguments)
            .await
            .expect_code(6)
            .expect_line(&format!(
                "! refuse Namespace/{}: it belongs to environment `{}`",
                world.app, world.name
            ))
            .expect_line(
                "hint: was this environment renamed? Rename its file back, or destroy it under its old name first; \
                 two environments cannot share a namespace",
            );
    }
    for command in ["plan", "diff"] {
        let refused = world.run(&[command, &renamed]).await.expect_code(6);
        assert_eq!(
            refused.stdout.matches("was this environment renamed?").count(),
            1,
            "{}",
            refused.stdout
        );
    }
    // A destroy under the new name finds no object that it owns.
    world.run(&["destroy", &renamed, "--yes"]).await.expect_code(0);
    assert_eq!(identities(&world).await, before);
    let record = world.record().replace(&world.name, &renamed);
    assert!(world.read(&record).await.is_none());

    // The way out: destroyed under the old name with its data, it can be made under the new one.
    world
        .infra("destroy", &["--yes", "--purge-data", "--confirm", &world.name])
        .await
        .expect_code(0);
    world.run(&["apply", &renamed, "--yes"]).await.expect_code(0);
    let plan = world.run(&["plan", &renamed]).await.expect_code(0);
    assert!(plan.last_line().starts_with("No changes. "), "{}", plan.stdout);
}

#[tokio::test]
async fn the_id_of_another_cluster_is_refused_by_every_command_that_asks_the_cluster() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let before = identities(&world).await;
    let system = world.read("/api/v1/namespaces/kube-system").await.unwrap();
    let live = system["metadata"]["uid"].as_str().unwrap();
    let pin = |id: &str| {
        let pinned = format!("id = \"{id}\"");
        world.configure(|settings| settings.cluster.push(pinned));
    };

    pin("00000000-0000-0000-0000-000000000000");
    for command in [
        &["plan"][..],
        &["plan", "--destroy"],
        &["diff"],
        &["apply", "--yes"],
        &["destroy", "--yes"],
        &["status"],
    ] {
        world
            .infra(command[0], &command[1..])
            .await
            .expect_code(6)
            .expect_line(&format!(
                "error: context `sandbox` leads to cluster {live}, but `{}` belongs to \
                 00000000-0000-0000-0000-000000000000",
                world.name
            ))
            .expect_line("hint: set the right `context` or `id` in the `[cluster]` table");
    }
    assert_eq!(identities(&world).await, before);

    pin(live);
    let plan = world.plan().await.expect_code(0);
    assert!(plan.last_line().starts_with("No changes. "), "{}", plan.stdout);
}
