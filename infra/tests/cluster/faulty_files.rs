//! A destroy needs only the location of the environment from its file.

use crate::fixture::World;

/// Adds faults to tables that a destroy does not need.
fn spoil(world: &World) {
    world.configure(|settings| {
        settings.service.push("node_prot = 1".to_owned());
        settings.more.push_str("[mongodb]\nstorage = \"much\"\n");
    });
}

#[tokio::test]
async fn a_destroy_with_a_record_gets_along_with_faults_elsewhere() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    spoil(&world);
    world
        .plan()
        .await
        .expect_code(1)
        .expect_text("error: unknown key `node_prot`");
    world.infra("status", &[]).await.expect_code(1);
    for command in ["plan", "diff"] {
        world
            .infra(command, &["--destroy", "--detailed-exitcode"])
            .await
            .expect_code(2)
            .expect_line("warning: unknown key `node_prot` in `[service]`")
            .expect_text("warning: `mongodb.storage` must be an amount of bytes")
            .expect_text("has 2 faults; a destroy uses only `[cluster]` and `[record]`");
    }
    let destroyed = world
        .destroy()
        .await
        .expect_code(0)
        .expect_line("warning: unknown key `node_prot` in `[service]`");
    assert!(
        destroyed.last_line().starts_with("Destroyed: "),
        "{}",
        destroyed.stdout
    );
    assert!(world.read(&world.deployment()).await.is_none());
    assert!(world.read(&world.claim()).await.is_some());
}

#[tokio::test]
async fn faults_of_its_place_stop_a_destroy() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    for (cluster, more) in [
        ("protectd = true", ""),
        ("id = \"x\"", ""),
        ("protected = false", "[record]\nnamespace = \"A\"\n"),
    ] {
        world.configure(|settings| {
            settings.cluster.push(cluster.to_owned());
            settings.more.push_str(more);
        });
        world.destroy().await.expect_code(1).expect_text("has 1 fault");
    }
    assert!(world.read(&world.deployment()).await.is_some());
}

#[tokio::test]
async fn a_destroy_without_a_record_needs_a_good_file_and_says_so() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.delete(&world.record()).await;
    spoil(&world);
    world
        .destroy()
        .await
        .expect_code(1)
        .expect_text(&format!(
            "error: there is no record of `{}`, and its file has faults",
            world.name
        ))
        .expect_text(&format!("`infra validate {}`", world.name));
    assert!(world.read(&world.deployment()).await.is_some());
    world.configure(|_| {});
    world.destroy().await.expect_code(0);
    assert!(world.read(&world.deployment()).await.is_none());
}
