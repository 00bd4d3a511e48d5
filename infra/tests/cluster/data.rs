//! Data and logins outlive everything that is done without consent.

use serde_json::{Value, json};

use crate::fixture::{OBJECTS, World};

async fn claim_uid(world: &World) -> Value {
    world.read(&world.claim()).await.expect("the claim is there")["metadata"]["uid"].clone()
}

#[tokio::test]
async fn a_destroy_keeps_the_data_and_an_apply_finds_it_again() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let (uid, password) = (claim_uid(&world).await, world.root_password().await);
    let destroyed = world.destroy().await.expect_code(0).expect_text(&format!(
        "kept PersistentVolumeClaim/{}/data-mongodb-0: holds data (volume pvc-",
        world.database
    ));
    assert!(
        destroyed
            .last_line()
            // The database's namespace, users and claim stay; the claim is no object of the stack.
            .starts_with(&format!("Destroyed: {} deleted, 3 kept in ", OBJECTS - 2)),
        "{}",
        destroyed.last_line()
    );
    assert!(
        world
            .read(&format!("/api/v1/namespaces/{}", world.app))
            .await
            .is_none()
    );
    assert!(
        world
            .destroy()
            .await
            .expect_code(0)
            .last_line()
            .starts_with("No changes.")
    );

    world.apply().await.expect_code(0);
    assert_eq!(claim_uid(&world).await, uid);
    assert_eq!(world.root_password().await, password);
}

#[tokio::test]
async fn data_is_purged_only_with_the_environments_name() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world
        .infra("destroy", &["--yes", "--purge-data"])
        .await
        .expect_code(6);
    world
        .infra("destroy", &["--yes", "--purge-data", "--confirm", "another"])
        .await
        .expect_code(6);
    assert!(world.read(&world.deployment()).await.is_some());
    world
        .infra("destroy", &["--yes", "--purge-data", "--confirm", &world.name])
        .await
        .expect_code(0);
    assert!(world.read(&world.claim()).await.is_none());
    assert!(world.read(&world.record()).await.is_none());
    assert!(
        world
            .read(&format!("/api/v1/namespaces/{}", world.database))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn a_lost_record_is_made_again_with_the_same_passwords() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let password = world.root_password().await;
    let deployment = world.read(&world.deployment()).await.unwrap();
    world.delete(&world.record()).await;
    world.apply().await.expect_code(0).expect_text("2 marked in ");
    assert_eq!(world.root_password().await, password);
    let after = world.read(&world.deployment()).await.unwrap();
    assert_eq!(
        deployment["metadata"]["generation"],
        after["metadata"]["generation"]
    );
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn passwords_are_never_made_anew_over_data() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.delete(&world.record()).await;
    world.delete(&world.users()).await;
    world
        .apply()
        .await
        .expect_code(6)
        .expect_text("are lost, but its data is still there");
}

#[tokio::test]
async fn a_database_never_starts_empty_without_consent() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.destroy().await.expect_code(0);
    let uid = claim_uid(&world).await;
    world.delete(&world.claim()).await;
    world.wait_for(&world.claim(), |claim| claim.is_none()).await;
    world
        .apply()
        .await
        .expect_code(6)
        .expect_text(&format!("the database would start empty: claim PersistentVolumeClaim/{}/data-mongodb-0 with its data (uid {}) is gone", world.database, uid.as_str().unwrap()));
    assert!(world.read(&world.stateful_set()).await.is_none());
    world
        .infra("apply", &["--yes", "--confirm", "another"])
        .await
        .expect_code(6);
    world
        .infra("apply", &["--yes", "--confirm", &world.name])
        .await
        .expect_code(0);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn a_renamed_database_namespace_does_not_leave_the_data_behind_silently() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.configure(|settings| {
        settings.namespaces = vec![
            format!("app = \"{}\"", world.app),
            format!("database = \"{}-new\"", world.database),
        ];
    });
    world.apply().await.expect_code(6).expect_text(&format!(
        "its data is in claim {}/data-mongodb-0, and it would mount PersistentVolumeClaim/{}-new/data-mongodb-0",
        world.database, world.database
    ));
}

#[tokio::test]
async fn a_record_of_another_cluster_is_refused() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let secret = world.read(&world.record()).await.unwrap();
    let text = engine
        .decode(secret["data"]["record.json"].as_str().unwrap())
        .unwrap();
    let mut record: Value = serde_json::from_slice(&text).unwrap();
    record["cluster_id"] = json!("00000000-0000-0000-0000-000000000000");
    world
        .edit(
            &world.record(),
            &json!({"data": {"record.json": engine.encode(record.to_string())}}),
        )
        .await;
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text("was made for another cluster");
}
