//! The lifecycle of an environment: first apply to destroy.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::fixture::{OBJECTS, World, ended};

/// The resource versions of everything an environment has, its record included.
async fn versions(world: &World) -> BTreeMap<String, Value> {
    let mut versions = BTreeMap::new();
    for path in [
        world.deployment(),
        world.stateful_set(),
        world.service(),
        world.users(),
        world.claim(),
        world.record(),
        format!("/api/v1/namespaces/{}", world.app),
        format!("/api/v1/namespaces/{}/secrets/api-mongodb", world.app),
        format!("/api/v1/namespaces/{}/configmaps/mongodb-scripts", world.database),
        format!("/api/v1/namespaces/{}/services/mongodb", world.database),
    ] {
        let object = world.read(&path).await.expect("the object is there");
        versions.insert(path, object["metadata"]["resourceVersion"].clone());
    }
    versions
}

#[tokio::test]
async fn a_first_apply_ends_ready_and_a_second_writes_nothing() {
    let world = World::new().await;
    let planned = world.plan().await.expect_code(0);
    assert_eq!(
        planned.last_line(),
        format!("Plan: {OBJECTS} to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged.")
    );
    let applied = world.apply().await.expect_code(0);
    assert!(
        applied.last_line().starts_with(&format!(
            "Applied: {OBJECTS} created, 0 changed, 0 replaced, 0 deleted, 0 unchanged in "
        )),
        "{}",
        applied.last_line()
    );
    let deployment = world.read(&world.deployment()).await.unwrap();
    assert_eq!(deployment["status"]["availableReplicas"], 2);

    let before = versions(&world).await;
    let unchanged = format!(
        "No changes. {} matches its configuration ({OBJECTS} objects).",
        world.name
    );
    assert_eq!(world.plan().await.expect_code(0).last_line(), unchanged);
    assert_eq!(world.apply().await.expect_code(0).last_line(), unchanged);
    assert_eq!(versions(&world).await, before);
}

#[tokio::test]
async fn a_plan_changes_nothing() {
    let world = World::new().await;
    world.plan().await.expect_code(0);
    assert!(
        world
            .read(&format!("/api/v1/namespaces/{}", world.app))
            .await
            .is_none()
    );
    assert!(world.read(&world.record()).await.is_none());
    world.infra("plan", &["--detailed-exitcode"]).await.expect_code(2);
}

#[tokio::test]
async fn one_namespace_can_hold_both_parts() {
    let world = World::new().await;
    world.configure(|settings| {
        settings.namespaces = vec![
            format!("app = \"{}\"", world.app),
            format!("database = \"{}\"", world.app),
        ];
    });
    let applied = world.apply().await.expect_code(0);
    assert!(
        applied
            .last_line()
            .starts_with(&format!("Applied: {} created", OBJECTS - 1)),
        "{}",
        applied.last_line()
    );
}

#[tokio::test]
async fn given_namespaces_are_used_and_never_deleted() {
    let world = World::new().await;
    world.configure(|settings| settings.namespaces.push("create = false".to_owned()));
    world
        .plan()
        .await
        .expect_code(1)
        .expect_text("does not exist, and `create = false`");
    for name in [&world.app, &world.database] {
        let namespace =
            serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        world.create("/api/v1/namespaces", &namespace).await;
    }
    world.apply().await.expect_code(0);
    world
        .infra("destroy", &["--yes", "--purge-data", "--confirm", &world.name])
        .await
        .expect_code(0);
    let left = world
        .read(&format!("/api/v1/namespaces/{}", world.app))
        .await
        .unwrap();
    assert_eq!(left["status"]["phase"], "Active");
}

#[tokio::test]
async fn two_first_applies_at_once_end_with_one_password() {
    let world = World::new().await;
    let (one, other) = tokio::join!(world.apply(), world.apply());
    for run in [&one, &other] {
        assert!(matches!(run.code, Some(0 | 4 | 5)), "{run:?}");
    }
    assert!(one.code == Some(0) || other.code == Some(0), "{one:?} {other:?}");
    let password = world.root_password().await;
    let last = world.apply().await.expect_code(0);
    assert!(
        last.last_line().starts_with("No changes."),
        "{}",
        last.last_line()
    );
    assert_eq!(world.root_password().await, password);
}

#[tokio::test]
async fn a_killed_apply_is_completed_by_the_next() {
    let world = World::new().await;
    let mut child = world.start(&["apply", &world.name, "--yes"]);
    world.wait_for(&world.record(), |record| record.is_some()).await;
    child.kill().await.unwrap();
    world.apply_after_a_kill().await.expect_code(0);
    assert!(
        world
            .plan()
            .await
            .expect_code(0)
            .last_line()
            .starts_with("No changes.")
    );
}

#[tokio::test]
async fn an_interrupted_apply_finishes_what_is_under_way_and_says_so() {
    let world = World::new().await;
    world.configure(|settings| settings.service.push("image = \"service:missing\"".to_owned()));
    let child = world.start(&["apply", &world.name, "--yes"]);
    world
        .wait_for(&world.deployment(), |deployment| deployment.is_some())
        .await;
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    let run = ended(child).await.expect_code(130);
    assert!(
        run.last_line().starts_with("Interrupted: "),
        "{}",
        run.last_line()
    );
    world.configure(|_| {});
    world.apply().await.expect_code(0);
}

#[tokio::test]
async fn a_pod_that_cannot_start_is_named_with_its_cause() {
    let world = World::new().await;
    world.configure(|settings| settings.service.push("image = \"service:missing\"".to_owned()));
    world
        .infra("apply", &["--yes", "--timeout", "8s"])
        .await
        .expect_code(3)
        .expect_text("image `service:missing`")
        .expect_text("1 failed");
}

#[tokio::test]
async fn without_a_terminal_consent_must_be_given() {
    let world = World::new().await;
    world
        .infra("apply", &[])
        .await
        .expect_code(6)
        .expect_line("hint: pass --yes to skip confirmation");
    assert!(world.read(&world.record()).await.is_none());
}

#[tokio::test]
async fn no_password_is_ever_printed() {
    use base64::Engine as _;
    let world = World::new().await;
    let mut printed = String::new();
    for (command, flags) in [
        ("plan", &["-v"][..]),
        ("apply", &["-v", "--yes"]),
        ("plan", &["-v"]),
        ("destroy", &["-v", "--yes"]),
    ] {
        let run = world.infra(command, flags).await.expect_code(0);
        printed.push_str(&run.stdout);
        printed.push_str(&run.stderr);
    }
    let encoded = world.root_password().await;
    let password = base64::engine::general_purpose::STANDARD
        .decode(&encoded)
        .unwrap();
    assert!(!printed.contains(&encoded));
    assert!(!printed.contains(std::str::from_utf8(&password).unwrap()));
}
