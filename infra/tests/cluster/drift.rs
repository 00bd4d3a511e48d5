//! Changes by others are shown with their author, and reverted or left alone as they should be.

use serde_json::json;

use crate::fixture::{OBJECTS, World};

#[tokio::test]
async fn an_edited_field_is_shown_with_its_author_and_reverted() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world
        .edit(
            &world.deployment(),
            &json!({
                "metadata": {"labels": {"app.kubernetes.io/component": null}},
                "spec": {"strategy": {"rollingUpdate": {"maxSurge": 3}}},
            }),
        )
        .await;
    world
        .plan()
        .await
        .expect_code(0)
        .expect_line("spec.strategy.rollingUpdate.maxSurge: 3 -> 1")
        .expect_text("changed by kubectl-edit at ")
        .expect_line(r#"metadata.labels["app.kubernetes.io/component"]: nothing -> "api""#)
        .expect_line("removed by an unknown manager; apply reverts it")
        .expect_line(&format!(
            "Plan: 0 to create, 1 to change, 0 to replace, 0 to delete, {} unchanged.",
            OBJECTS - 1
        ));
    world.apply().await.expect_code(0);
    let live = world.read(&world.deployment()).await.unwrap();
    assert_eq!(live["spec"]["strategy"]["rollingUpdate"]["maxSurge"], 1);
    assert_eq!(live["metadata"]["labels"]["app.kubernetes.io/component"], "api");
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn a_changed_template_announces_a_rolling_restart() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "api", "image": "other:1"}]}}}});
    let path = format!("{}?fieldManager=kubectl-set", world.deployment());
    world
        .request("PATCH", &path, "application/strategic-merge-patch+json", &image)
        .await
        .expect("the patch is taken");
    world
        .plan()
        .await
        .expect_code(0)
        .expect_line(r#"spec.template.spec.containers[api].image: "other:1" -> "service:dev""#)
        .expect_text("changed by kubectl-set at ")
        .expect_text("[rolling restart (2 pods)]");
}

#[tokio::test]
async fn a_changed_secret_is_shown_without_its_value_and_repaired() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let password = world.root_password().await;
    world
        .edit(&world.users(), &json!({"data": {"root-password": "c3R1cGlk"}}))
        .await;
    let plan = world
        .plan()
        .await
        .expect_code(0)
        .expect_line("data.root-password: (value changes, not shown)");
    assert!(!plan.stdout.contains("c3R1cGlk") && !plan.stdout.contains("stupid"));
    world.apply().await.expect_code(0);
    assert_eq!(world.root_password().await, password);
}

#[tokio::test]
async fn a_deleted_secret_comes_back_with_the_same_password() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let password = world.root_password().await;
    world.delete(&world.users()).await;
    world.apply().await.expect_code(0).expect_text("created  Secret/");
    assert_eq!(world.root_password().await, password);
}

#[tokio::test]
async fn what_others_add_is_left_alone() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world
        .edit(
            &world.deployment(),
            &json!({"metadata": {"annotations": {"team": "shop"}}, "spec": {"paused": true}}),
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
    world
        .edit(&world.deployment(), &json!({"spec": {"paused": false}}))
        .await;
}

#[tokio::test]
async fn a_lost_mark_is_restored_and_nothing_else() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    for (patch, why) in [
        (
            json!({"metadata": {"annotations": {"infra.internal/state-hash": null}}}),
            "the state hash is missing",
        ),
        (
            json!({"metadata": {"labels": {"infra.internal/environment": null}}}),
            "a label is missing",
        ),
        (
            json!({"metadata": {"managedFields": [{}]}}),
            "field ownership was lost",
        ),
    ] {
        let before = world.edit(&world.service(), &patch).await;
        world
            .plan()
            .await
            .expect_code(0)
            .expect_line(&format!(
                "~ mark Service/{}/api: {why}; its content is up to date",
                world.app
            ))
            .expect_line(&format!(
                "Plan: 0 to create, 0 to change, 0 to replace, 0 to delete, {} unchanged, 1 to mark.",
                OBJECTS - 1
            ));
        world.apply().await.expect_code(0).expect_text("1 marked in ");
        let after = world.read(&world.service()).await.unwrap();
        assert_eq!(before["spec"], after["spec"]);
        assert!(world.plan().await.last_line().starts_with("No changes."));
    }
}

#[tokio::test]
async fn a_field_that_another_applier_declares_is_a_conflict() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let theirs = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {"strategy": {"rollingUpdate": {"maxSurge": 2}}},
    });
    let before = world.apply_as("argocd", &world.deployment(), &theirs).await;
    world
        .apply()
        .await
        .expect_code(6)
        .expect_text("`spec.strategy.rollingUpdate.maxSurge` is declared by argocd at ")
        .expect_text("--force-conflicts");
    let after = world.read(&world.deployment()).await.unwrap();
    assert_eq!(before["metadata"]["generation"], after["metadata"]["generation"]);
    world
        .infra("apply", &["--yes", "--force-conflicts"])
        .await
        .expect_code(0);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn a_changed_configuration_is_no_drift() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.configure(|settings| {
        settings.service.push("image = \"service:next\"".to_owned());
    });
    let plan = world
        .plan()
        .await
        .expect_code(0)
        .expect_line(r#"spec.template.spec.containers[api].image: "service:dev" -> "service:next""#);
    assert!(!plan.stdout.contains("changed by"), "{}", plan.stdout);
    world.apply().await.expect_code(0);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn drift_in_an_item_that_is_keyed_by_its_port_names_its_author() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let path = format!("{}?fieldManager=kubectl-patch", world.service());
    // Another port than any test's.
    let change =
        json!([{"op": "replace", "path": "/spec/ports/0/nodePort", "value": world.node_port + 2000}]);
    world
        .request("PATCH", &path, "application/json-patch+json", &change)
        .await
        .expect("the patch is taken");
    let plan = world.plan().await.expect_code(0);
    let line = plan.stdout.lines().find(|line| line.contains("changed by"));
    let line = line.expect("a line that names the author");
    assert!(line.contains("changed by kubectl-patch at "), "{line}");
    assert!(
        line.ends_with("apply reverts it, `service.node_port` keeps it"),
        "{line}"
    );
}
