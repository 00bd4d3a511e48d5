//! A plan as a unified diff, live to planned, without values of Secrets.

use serde_json::json;

use crate::fixture::{OBJECTS, World};

#[tokio::test]
async fn a_diff_shows_drift_and_nothing_else() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let unchanged = world.infra("diff", &["--detailed-exitcode"]).await.expect_code(0);
    assert_eq!(unchanged.stdout, "");

    let change = json!({
        "metadata": {"labels": {"app.kubernetes.io/component": null}},
        "spec": {"strategy": {"rollingUpdate": {"maxSurge": 3}}},
    });
    world.edit(&world.deployment(), &change).await;
    world
        .edit(&world.users(), &json!({"data": {"root-password": "c3R1cGlk"}}))
        .await;
    let diff = world.infra("diff", &["--detailed-exitcode"]).await.expect_code(2);
    let password = world.root_password().await;
    assert!(!diff.stdout.contains("c3R1cGlk") && !diff.stdout.contains(&password));
    // Whoever edits is named with the time; the rest of the line stays.
    let lines: Vec<&str> = diff
        .stdout
        .lines()
        .map(|line| line.split(" at 2").next().unwrap())
        .collect();
    let shown = lines.join("\n").replace(&world.name, "shop");
    insta::assert_snapshot!(shown, @"
    --- live/Secret/shop-db/mongodb-users
    +++ planned/Secret/shop-db/mongodb-users
    @@ -1,7 +1,7 @@
     apiVersion: v1
     kind: Secret
     metadata:
       name: mongodb-users
       namespace: shop-db
     data:
    -  root-password: (not shown)  # changed by kubectl-edit
    +  root-password: (not shown)  # another value
    --- live/Deployment/shop-app/api
    +++ planned/Deployment/shop-app/api
    @@ -1,9 +1,11 @@
     apiVersion: apps/v1
     kind: Deployment
     metadata:
       name: api
       namespace: shop-app
    +  labels:
    +    app.kubernetes.io/component: api  # removed by an unknown manager
     spec:
       strategy:
         rollingUpdate:
    -      maxSurge: 3  # changed by kubectl-edit
    +      maxSurge: 1
    ");
}

#[tokio::test]
async fn what_is_to_be_made_is_all_plus_without_secrets() {
    let world = World::new().await;
    let diff = world.infra("diff", &[]).await.expect_code(0);
    assert_eq!(diff.stdout.matches("--- /dev/null").count(), OBJECTS);
    let removed = |line: &str| line.starts_with('-') && line != "--- /dev/null";
    assert!(!diff.stdout.lines().any(removed), "{}", diff.stdout);
    diff.expect_line("+  root-password: (not shown)");
}

#[tokio::test]
async fn a_diff_of_a_destroy_is_all_minus_and_names_what_is_kept() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let diff = world
        .infra("diff", &["--destroy", "--detailed-exitcode"])
        .await
        .expect_code(2)
        .expect_line(&format!("--- live/Deployment/{}/api", world.app))
        .expect_text(&format!(
            "# keep PersistentVolumeClaim/{}/data-mongodb-0: ",
            world.database
        ));
    assert!(diff.stdout.contains("+++ /dev/null"));
    let added = |line: &str| line.starts_with('+') && line != "+++ /dev/null";
    assert!(!diff.stdout.lines().any(added), "{}", diff.stdout);
}
