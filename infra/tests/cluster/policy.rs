//! A protected environment asks for the effects of a change by name.

use crate::fixture::World;

/// The environment, protected, with this much memory for the database.
fn protect(world: &World, memory: &str, more: &str) {
    world.configure(|settings| {
        settings.cluster.push("protected = true".to_owned());
        settings.more = format!("[mongodb]\nlimits = {{ cpu = \"500m\", memory = \"{memory}\" }}\n{more}");
    });
}

#[tokio::test]
async fn an_outage_of_a_protected_database_is_asked_for_by_name() {
    let world = World::new().await;
    protect(&world, "500Mi", "");
    world.apply().await.expect_code(0);
    let memory = async || {
        let live = world.read(&world.stateful_set()).await.unwrap();
        let limits = &live["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"];
        limits["memory"].as_str().unwrap().to_owned()
    };
    protect(&world, "600Mi", "");
    let database = &world.database;
    let refused = format!(
        "! refuse StatefulSet/{database}/mongodb: not allowed without consent: outage  [outage (its pod restarts)]"
    );
    let hint = "hint: pass --allow outage, or add `outage` to `allow` in the `[policy]` table";
    let planned = world.plan().await.expect_code(6);
    let planned = planned.expect_line(&refused).expect_line(hint);
    assert!(
        planned.stdout.contains("\"500Mi\" -> \"600Mi\""),
        "{}",
        planned.stdout
    );
    world
        .apply()
        .await
        .expect_code(6)
        .expect_line(&refused)
        .expect_line(hint)
        .expect_text("the plan has refused changes; nothing was written");
    for other in ["restart,scale", "replace", "data-loss"] {
        let flags = ["--yes", "--allow", other];
        world.infra("apply", &flags).await.expect_code(6);
    }
    assert_eq!(memory().await, "500Mi");

    let json = world.infra("plan", &["--output", "json"]).await.expect_code(6);
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let change = &plan["changes"][0];
    assert_eq!(change["action"], "refuse");
    assert_eq!(change["effects"][0], "outage (its pod restarts)");
    assert_eq!(change["fields"][0]["proposed"], "600Mi");

    world
        .infra("plan", &["--allow", "outage"])
        .await
        .expect_code(0)
        .expect_text("1 to change");
    world
        .infra("apply", &["--yes", "--allow", "restart", "--allow", "outage"])
        .await
        .expect_code(0);
    assert_eq!(memory().await, "600Mi");
    world.plan().await.expect_code(0).expect_text("No changes.");
}

#[tokio::test]
async fn the_file_says_what_needs_no_asking() {
    let world = World::new().await;
    protect(&world, "500Mi", "");
    world.apply().await.expect_code(0);
    protect(&world, "600Mi", "[policy]\nallow = [\"outage\"]\n");
    world.apply().await.expect_code(0).expect_text("1 changed");
    // An unprotected environment can ask for more than the default.
    world.configure(|settings| settings.more = "[policy]\nallow = [\"restart\"]\n".to_owned());
    world
        .apply()
        .await
        .expect_code(6)
        .expect_text("not allowed without consent: outage");
}

#[tokio::test]
async fn the_flags_of_an_unprotected_environment_are_not_enough_for_a_protected_one() {
    let world = World::new().await;
    protect(&world, "500Mi", "");
    for (flags, missing) in [
        (vec!["--replace"], "replace"),
        (vec!["--confirm", &world.name], "data-loss"),
    ] {
        let hint =
            format!("hint: pass --allow {missing}, or add `{missing}` to `allow` in its `[policy]` table");
        world
            .infra("plan", &flags)
            .await
            .expect_code(6)
            .expect_text(&format!("`{}` is protected, so ", world.name))
            .expect_line(&hint);
        world
            .infra("plan", &[flags, vec!["--allow", missing]].concat())
            .await
            .expect_code(0);
    }
}

#[tokio::test]
async fn an_allowed_replacement_is_one_in_a_protected_environment_too() {
    let world = World::new().await;
    protect(&world, "500Mi", "");
    world.apply().await.expect_code(0);
    let scripts = format!("/api/v1/namespaces/{}/configmaps/mongodb-scripts", world.database);
    let held = serde_json::json!({"immutable": true, "data": {"ping.sh": "true"}});
    world.edit(&scripts, &held).await;
    world.apply().await.expect_code(6);
    world
        .infra("apply", &["--yes", "--allow", "replace"])
        .await
        .expect_code(0)
        .expect_text("1 replaced");
}
