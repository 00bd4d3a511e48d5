//! Objects with immutable changes are deleted and recreated: only with consent, and never at the cost of data.

use serde_json::{Value, json};

use crate::fixture::{OBJECTS, World};

/// Recreates an object of the environment as if it had been declared with another field.
async fn make_differently(world: &World, path: &str, change: impl FnOnce(&mut Value)) {
    let mut object = world.read(path).await.unwrap();
    world.delete(path).await;
    world.wait_for(path, |live| live.is_none()).await;
    for field in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "managedFields",
        "generation",
    ] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    object.as_object_mut().unwrap().remove("status");
    // Another content has another hash.
    object["metadata"]["annotations"]["infra.internal/state-hash"] = json!("v1:0");
    change(&mut object);
    world.apply_as("infra", path, &object).await;
}

async fn uid(world: &World, path: &str) -> String {
    let object = world.read(path).await.unwrap();
    object["metadata"]["uid"].as_str().unwrap().to_owned()
}

async fn expect_no_changes(world: &World) {
    let planned = world.plan().await.expect_code(0);
    assert!(
        planned.last_line().starts_with("No changes."),
        "{}",
        planned.stdout
    );
}

/// Recreates the Deployment with a selector that cannot be changed in place.
async fn select_otherwise(world: &World, deployment: &str) {
    make_differently(world, deployment, |object| {
        let spec = &mut object["spec"];
        spec.as_object_mut().unwrap().remove("replicas");
        spec["selector"]["matchLabels"]["track"] = json!("old");
        spec["template"]["metadata"]["labels"]["track"] = json!("old");
    })
    .await;
}

#[tokio::test]
async fn another_selector_is_refused_until_a_replacement_is_agreed_to() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let deployment = world.deployment();
    select_otherwise(&world, &deployment).await;
    world.edit(&deployment, &json!({"spec": {"replicas": 4}})).await;
    let before = uid(&world, &deployment).await;
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text(&format!(
            "! refuse Deployment/{}/api: `spec.selector` (field is immutable) cannot be changed in place: \
             spec.selector.matchLabels.track \"old\" -> nothing",
            world.app
        ))
        .expect_text("delete and recreate the object with --replace");
    world.apply().await.expect_code(6);
    assert_eq!(uid(&world, &deployment).await, before);

    world
        .infra("plan", &["--replace"])
        .await
        .expect_code(0)
        .expect_text(&format!("-/+ replace Deployment/{}/api", world.app))
        .expect_text("outage (its pods end and are recreated)")
        .expect_text(&format!(
            "Plan: 0 to create, 0 to change, 1 to replace, 0 to delete, {} unchanged.",
            OBJECTS - 1
        ));
    let applied = world.infra("apply", &["--yes", "--replace"]).await.expect_code(0);
    assert!(
        applied
            .last_line()
            .starts_with("Applied: 0 created, 0 changed, 1 replaced, 0 deleted, "),
        "{}",
        applied.last_line()
    );
    let live = world.read(&deployment).await.unwrap();
    assert_ne!(live["metadata"]["uid"], json!(before));
    assert_eq!(live["spec"]["replicas"], 4, "the number that was live");
    assert!(live["spec"]["selector"]["matchLabels"]["track"].is_null());
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn a_replacement_says_what_others_lose_by_it() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let deployment = world.deployment();
    select_otherwise(&world, &deployment).await;
    let theirs = json!({"metadata": {"annotations": {"shop.internal/on-call": "ann"}}});
    world.edit(&deployment, &theirs).await;
    let lost = "fields of other managers are lost: metadata.annotations[\"shop.internal/on-call\"]";
    world
        .infra("plan", &["--replace"])
        .await
        .expect_code(0)
        .expect_text(lost);
    world
        .infra("apply", &["--yes", "--replace"])
        .await
        .expect_code(0)
        .expect_text(lost);
    let live = world.read(&deployment).await.unwrap();
    assert!(live["metadata"]["annotations"]["shop.internal/on-call"].is_null());
}

#[tokio::test]
async fn a_replaced_database_keeps_its_pod_and_its_claim() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let pod = format!("/api/v1/namespaces/{}/pods/mongodb-0", world.database);
    let (set, pod_before) = (uid(&world, &world.stateful_set()).await, uid(&world, &pod).await);
    let claim = uid(&world, &world.claim()).await;
    world.configure(|settings| settings.more = "[mongodb]\nstorage = \"2Gi\"\n".to_owned());
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text("\"1Gi\" -> \"2Gi\"")
        .expect_text("--replace");
    world
        .infra("apply", &["--yes", "--replace"])
        .await
        .expect_code(0)
        .expect_text("its pod and claim stay and are taken over; the claim keeps its size");
    assert_ne!(uid(&world, &world.stateful_set()).await, set);
    assert_eq!(uid(&world, &pod).await, pod_before, "no pod was restarted");
    assert_eq!(uid(&world, &world.claim()).await, claim);
    let pod = world.read(&pod).await.unwrap();
    assert_eq!(
        pod["metadata"]["ownerReferences"][0]["uid"],
        json!(uid(&world, &world.stateful_set()).await)
    );
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn a_database_is_not_replaced_when_it_would_mount_another_claim() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let before = uid(&world, &world.stateful_set()).await;
    world.configure(|settings| settings.more = "[mongodb]\nstorage_class = \"other\"\n".to_owned());
    world
        .infra("apply", &["--yes", "--replace"])
        .await
        .expect_code(6)
        .expect_text(
            "it cannot be replaced: its data is in claim `template data`, and it would mount claim \
             `template data` (class `other`)",
        );
    assert_eq!(uid(&world, &world.stateful_set()).await, before);
}

#[tokio::test]
async fn an_immutable_secret_is_replaced_and_its_values_are_not_shown() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let password = world.root_password().await;
    let changed = json!({"immutable": true, "data": {"root-password": "c3Bpbg=="}});
    world.edit(&world.users(), &changed).await;
    let refused = world.plan().await.expect_code(6).expect_text(&format!(
        "Secret/{}/mongodb-users: `data` (field is immutable when `immutable` is set) cannot be changed in \
         place: data.root-password (not shown) -> (not shown)",
        world.database
    ));
    let applied = world
        .infra("apply", &["--yes", "--replace", "--verbose"])
        .await
        .expect_code(0);
    for printed in [refused, applied] {
        for value in [password.as_str(), "c3Bpbg=="] {
            assert!(!printed.stdout.contains(value) && !printed.stderr.contains(value));
        }
    }
    assert_eq!(world.root_password().await, password);
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn a_protected_environment_is_never_replaced() {
    let world = World::new().await;
    world.configure(|settings| settings.cluster.push("protected = true".to_owned()));
    world
        .infra("apply", &["--yes", "--replace"])
        .await
        .expect_code(6)
        .expect_text("is protected, so none of its objects may be replaced");
    assert!(world.read(&world.record()).await.is_none());
}

#[tokio::test]
async fn a_replacement_that_was_cut_off_is_brought_to_its_end_by_the_next_apply() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let scripts = format!("/api/v1/namespaces/{}/configmaps/mongodb-scripts", world.database);
    let held = json!({
        "immutable": true, "data": {"ping.sh": "true"}, "metadata": {"finalizers": ["example.com/hold"]},
    });
    world.edit(&scripts, &held).await;
    world
        .infra("apply", &["--yes", "--replace", "--timeout", "2s"])
        .await
        .expect_code(3)
        .expect_text(&format!(
            "ConfigMap/{}/mongodb-scripts: not gone in time: being deleted, finalizer `example.com/hold`",
            world.database
        ));
    // No consent is needed any more: there is nothing left to replace.
    world
        .plan()
        .await
        .expect_code(0)
        .expect_text("mongodb-scripts (after its pending deletion; finalizer `example.com/hold`)");
    world
        .edit(&scripts, &json!({"metadata": {"finalizers": null}}))
        .await;
    world.wait_for(&scripts, |live| live.is_none()).await;
    let applied = world.apply().await.expect_code(0);
    assert!(
        applied.last_line().starts_with("Applied: 1 created, "),
        "{}",
        applied.last_line()
    );
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn a_service_that_has_the_node_port_of_its_successor_goes_first() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let old = world.service().replace("/services/api", "/services/old-api");
    let service = world.read(&world.service()).await.unwrap();
    world.delete(&world.service()).await;
    let renamed = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "old-api", "labels": service["metadata"]["labels"], "annotations": service["metadata"]["annotations"],
        },
        "spec": {"type": "NodePort", "selector": service["spec"]["selector"], "ports": service["spec"]["ports"]},
    });
    world.apply_as("infra", &old, &renamed).await;
    let (app, planned) = (&world.app, world.plan().await.expect_code(0));
    planned
        .expect_text(&format!(
            "+ create Service/{app}/api (after the deletion of Service/{app}/old-api)"
        ))
        .expect_text(&format!(
            "- delete Service/{app}/old-api (before Service/{app}/api, which needs its node port)  [outage (its node \
             port is closed until the successor has it)]"
        ));
    let applied = world.apply().await.expect_code(0);
    assert!(
        applied
            .last_line()
            .starts_with("Applied: 1 created, 0 changed, 0 replaced, 1 deleted, "),
        "{}",
        applied.last_line()
    );
    let service = world.read(&world.service()).await.unwrap();
    assert_eq!(service["spec"]["ports"][0]["nodePort"], json!(world.node_port));
    assert!(world.read(&old).await.is_none());
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn an_environment_takes_its_node_port_along_to_another_namespace() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let moved = format!("{}-moved", world.app);
    world.configure(|settings| settings.namespaces[0] = format!("app = \"{moved}\""));
    world
        .apply()
        .await
        .expect_code(0)
        .expect_text(&format!("Service/{}/api (before Service/{moved}/api", world.app));
    let service = format!("/api/v1/namespaces/{moved}/services/api");
    let service = world.read(&service).await.unwrap();
    assert_eq!(service["spec"]["ports"][0]["nodePort"], json!(world.node_port));
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn a_run_that_was_killed_in_the_middle_of_a_replacement_is_brought_to_its_end_by_the_next_one() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let users = world.users();
    let password = world.root_password().await;
    let held = json!({
        "immutable": true, "data": {"root-password": "c3Bpbg=="},
        "metadata": {"finalizers": ["example.com/hold"]},
    });
    world.edit(&users, &held).await;
    let mut run = world.start(&["apply", &world.name, "--yes", "--replace"]);
    world
        .wait_for(&users, |live| {
            live.is_some_and(|live| live["metadata"]["deletionTimestamp"].is_string())
        })
        .await;
    run.kill().await.unwrap();
    world
        .edit(&users, &json!({"metadata": {"finalizers": null}}))
        .await;
    world.wait_for(&users, |live| live.is_none()).await;
    let applied = world.apply().await.expect_code(0);
    assert!(
        applied.last_line().starts_with("Applied: 1 created, "),
        "{}",
        applied.last_line()
    );
    assert_eq!(world.root_password().await, password);
    expect_no_changes(&world).await;
}
