//! Data and logins outlive everything that is done without consent.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::fixture::{OBJECTS, World, ended};
use crate::proxy::{End, Harm, Proxy, through};

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
        .expect_text("are lost, but its data still exists");
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

#[tokio::test]
async fn giving_the_namespaces_away_deletes_neither_them_nor_the_data() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let uid = claim_uid(&world).await;
    world.configure(|settings| settings.namespaces.push("create = false".to_owned()));
    world.apply().await.expect_code(0).expect_line(&format!(
        "keep Namespace/{}: the environment uses it",
        world.database
    ));
    assert_eq!(claim_uid(&world).await, uid);
    world.configure(|_| {});
    world.apply().await.expect_code(0);
    assert_eq!(claim_uid(&world).await, uid);
}

#[tokio::test]
async fn a_claim_that_would_go_with_its_workload_is_seen_and_saved() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let uid = claim_uid(&world).await;
    let policy = json!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}});
    world.edit(&world.stateful_set(), &policy).await;
    world
        .wait_for(&world.claim(), |claim| {
            claim.unwrap()["metadata"]["ownerReferences"].is_array()
        })
        .await;
    world
        .plan()
        .await
        .expect_code(0)
        .expect_line(r#"spec.persistentVolumeClaimRetentionPolicy.whenDeleted: "Delete" -> "Retain""#);
    world
        .destroy()
        .await
        .expect_code(6)
        .expect_text("and its data would be deleted with it");
    world.apply().await.expect_code(0);
    world
        .wait_for(&world.claim(), |claim| {
            claim.unwrap()["metadata"]["ownerReferences"].is_null()
        })
        .await;
    world.destroy().await.expect_code(0);
    assert_eq!(claim_uid(&world).await, uid);
}

#[tokio::test]
async fn a_copied_record_does_not_give_one_environment_to_another() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let other = format!("{}-copy", world.name);
    world.configure_as(&other, |settings| {
        settings.namespaces = vec![
            format!("app = \"{}-copy\"", world.app),
            format!("database = \"{}-copy\"", world.database),
        ];
    });
    let mut secret = world.read(&world.record()).await.unwrap();
    secret["metadata"] = json!({
        "name": format!("infra-{other}"), "labels": {"infra.internal/record": other},
    });
    world
        .create("/api/v1/namespaces/infra-system/secrets", &secret)
        .await;
    for command in [&["plan", &other][..], &["destroy", &other, "--yes"]] {
        world
            .run(command)
            .await
            .expect_code(6)
            .expect_text(&format!("is a copy of the record of `{}`", world.name));
    }
}

#[tokio::test]
async fn a_claim_of_somebody_else_is_never_purged() {
    let world = World::new().await;
    world.configure(|settings| settings.namespaces.push("create = false".to_owned()));
    for name in [&world.app, &world.database] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        world.create("/api/v1/namespaces", &namespace).await;
    }
    world.apply().await.expect_code(0);
    let claims = format!("/api/v1/namespaces/{}/persistentvolumeclaims", world.database);
    for (name, labels) in [
        (
            "of-a-chart",
            json!({"app.kubernetes.io/name": "redis", "app.kubernetes.io/managed-by": "Helm"}),
        ),
        ("lookalike", json!({"app.kubernetes.io/name": "mongodb"})),
    ] {
        let mut labels = labels;
        labels["app.kubernetes.io/instance"] = json!(world.name);
        let claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "labels": labels},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        });
        world.create(&claims, &claim).await;
    }
    world
        .infra("destroy", &["--yes", "--purge-data", "--confirm", &world.name])
        .await
        .expect_code(0);
    assert!(world.read(&world.claim()).await.is_none());
    for name in ["of-a-chart", "lookalike"] {
        let left = world.read(&format!("{claims}/{name}")).await.unwrap();
        assert!(left["metadata"]["deletionTimestamp"].is_null());
    }
}

#[tokio::test]
async fn a_purge_keeps_the_data_when_not_everything_could_be_listed() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let uid = claim_uid(&world).await;
    let purge = ["destroy", "--yes", "--purge-data", "--confirm", &world.name];
    let proxy = Proxy::start(world.client(), Harm::CutOff("/networkpolicies?", End::Clean)).await;
    through(&proxy, &world, &purge).await.expect_code(0).expect_text(&format!(
        "keep PersistentVolumeClaim/{}/data-mongodb-0: not everything could be listed: could not list networkpolicies",
        world.database
    ));
    let claim = world.read(&world.claim()).await.unwrap();
    assert_eq!(claim["metadata"]["uid"], uid);
    assert!(claim["metadata"]["deletionTimestamp"].is_null(), "{claim:#}");
    world.infra(purge[0], &purge[1..]).await.expect_code(0);
    assert!(world.read(&world.claim()).await.is_none());
}

/// Puts another claim in the place of the recorded one.
async fn exchange_the_claim(world: &World) {
    let mut claim = world.read(&world.claim()).await.unwrap();
    // In this order: the controller gives the finalizer back to a claim that is not being deleted.
    world.delete(&world.claim()).await;
    world
        .edit(&world.claim(), &json!({"metadata": {"finalizers": null}}))
        .await;
    world.wait_for(&world.claim(), |claim| claim.is_none()).await;
    claim["metadata"] = json!({"name": "data-mongodb-0", "labels": claim["metadata"]["labels"]});
    claim["spec"].as_object_mut().unwrap().remove("volumeName");
    claim.as_object_mut().unwrap().remove("status");
    let claims = format!("/api/v1/namespaces/{}/persistentvolumeclaims", world.database);
    world.create(&claims, &claim).await;
}

#[tokio::test]
async fn a_claim_that_was_exchanged_during_a_run_takes_the_place_of_none() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let before = claim_uid(&world).await;
    // An image that never comes keeps the run waiting, after its second look.
    world.configure(|settings| {
        settings.service.push("image = \"service:missing\"".to_owned());
        settings.service.push("image_pull_policy = \"Always\"".to_owned());
    });
    let child = world.start(&["apply", &world.name, "--yes"]);
    let is_applied = |deployment: Option<&Value>| {
        let containers = deployment.map(|deployment| &deployment["spec"]["template"]["spec"]["containers"]);
        containers.is_some_and(|containers| containers[0]["image"] == "service:missing")
    };
    world.wait_for(&world.deployment(), is_applied).await;
    exchange_the_claim(&world).await;
    let after = claim_uid(&world).await;
    assert_ne!(before, after);
    let (before, after) = (before.as_str().unwrap(), after.as_str().unwrap());
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    ended(child).await.expect_code(130).expect_text(&format!(
        "it was recreated (uid {after}) during this run; the data was in uid {before}"
    ));
    // The record still knows where the data was.
    world.plan().await.expect_code(6).expect_text(&format!(
        "was recreated (uid {after}); its data was in uid {before}"
    ));
    world
        .infra("apply", &["--yes", "--confirm", &world.name, "--no-wait"])
        .await
        .expect_code(0);
    world.plan().await.expect_code(0);
}

#[tokio::test]
async fn data_made_by_a_run_that_did_not_end_well_is_guarded_too() {
    let world = World::new().await;
    world.configure(|settings| settings.service.push("image = \"service:missing\"".to_owned()));
    world.apply().await.expect_code(3);
    world.configure(|settings| {
        settings.namespaces = vec![
            format!("app = \"{}\"", world.app),
            format!("database = \"{}-new\"", world.database),
        ];
    });
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text("the database would start empty");
}

#[tokio::test]
async fn a_claim_that_somebody_deletes_is_not_forgotten() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.delete(&world.claim()).await;
    world.plan().await.expect_code(6).expect_text("is being deleted");
    world
        .infra("plan", &["--destroy"])
        .await
        .expect_text("is being deleted by someone else; its data is in volume pvc-")
        .expect_text("unlocks the data in claim");
}

/// Orders the deletion of the database's namespace while a pod holds it up: its claim does not say yet that it goes.
async fn begin_to_delete_the_namespace(world: &World) {
    let pod = format!("/api/v1/namespaces/{}/pods/mongodb-0", world.database);
    let hold = json!({"metadata": {"finalizers": ["shop.internal/hold"]}});
    world.edit(&pod, &hold).await;
    world
        .delete(&format!("/api/v1/namespaces/{}", world.database))
        .await;
    let claim = world.read(&world.claim()).await.unwrap();
    assert!(claim["metadata"]["deletionTimestamp"].is_null(), "{claim:#}");
}

async fn let_go(world: &World) {
    let pod = format!("/api/v1/namespaces/{}/pods/mongodb-0", world.database);
    world.edit(&pod, &json!({"metadata": {"finalizers": null}})).await;
}

#[tokio::test]
async fn a_database_whose_namespace_is_being_deleted_does_not_begin_empty() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    begin_to_delete_the_namespace(&world).await;
    for flags in [&[][..], &["--thorough"]] {
        world
            .infra("plan", flags)
            .await
            .expect_code(6)
            .expect_text("the database would start empty")
            .expect_text("is being deleted");
    }
    world.apply().await.expect_code(6);
    let_go(&world).await;
}

#[tokio::test]
async fn a_given_namespace_that_is_being_deleted_is_seen_although_every_object_is_as_it_should_be() {
    let world = World::new().await;
    for namespace in [&world.app, &world.database] {
        world
            .create("/api/v1/namespaces", &json!({"metadata": {"name": namespace}}))
            .await;
    }
    world.configure(|settings| settings.namespaces.push("create = false".to_owned()));
    world.apply().await.expect_code(0);
    begin_to_delete_the_namespace(&world).await;
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text("the database would start empty");
    let_go(&world).await;
}

#[tokio::test]
async fn a_claim_that_is_being_deleted_is_not_forgotten_with_the_record() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    // Its pod protects it until that ends.
    world.delete(&world.claim()).await;
    world.delete(&world.record()).await;
    world.plan().await.expect_code(6).expect_text("is being deleted");
}
