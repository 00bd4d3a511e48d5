//! JSON output: complete, parseable, and without secret values.

use serde_json::{Value, json};

use crate::fixture::{Ended, OBJECTS, World};

const JSON: &[&str] = &["--output", "json"];
const YES_JSON: &[&str] = &["--yes", "--output", "json"];

/// The only change of a plan.
fn change(plan: &Ended) -> Value {
    let document: Value = serde_json::from_str(&plan.stdout).expect("one JSON document");
    assert_eq!(
        document["changes"].as_array().map(Vec::len),
        Some(1),
        "{document}"
    );
    document["changes"][0].clone()
}

/// The events of a run, by their names.
fn names(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_plan_is_one_document() {
    let world = World::new().await;
    let plan = world.infra("plan", JSON).await.expect_code(0);
    let document: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(document["format_version"], 1);
    assert_eq!(document["environment"], world.name.as_str());
    assert_eq!(document["cluster"]["context"], "sandbox");
    assert_eq!(document["summary"]["create"], OBJECTS);
    assert_eq!(
        document["changes"][0],
        json!({
            "id": {"api_version": "v1", "kind": "Namespace", "namespace": null, "name": world.app},
            "action": "create", "reason": "it does not exist", "effects": [], "fields": [],
        })
    );
    let pending = world
        .infra("plan", &["--output", "json", "--detailed-exitcode"])
        .await;
    pending.expect_code(2);
}

#[tokio::test]
async fn drift_has_its_values_and_its_author() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let surge = json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": 3}}}});
    world.edit(&world.deployment(), &surge).await;
    let change = change(&world.infra("plan", JSON).await.expect_code(0));
    assert_eq!(change["action"], "change");
    assert_eq!(change["reason"], "it was changed in the cluster");
    let mut field = change["fields"][0].clone();
    assert!(field["cause"]["by"]["time"].take().is_string());
    assert_eq!(
        field,
        json!({
            "path": "spec.strategy.rollingUpdate.maxSurge", "live": 3, "proposed": 1, "secret": false,
            "cause": {"kind": "drift", "by": {
                "manager": "kubectl-edit", "operation": "Update", "subresource": "", "time": null,
            }},
        })
    );
}

#[tokio::test]
async fn a_secret_value_is_in_no_document_and_no_event() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world
        .edit(&world.users(), &json!({"data": {"root-password": "c3R1cGlk"}}))
        .await;
    let plan = world.infra("plan", JSON).await.expect_code(0);
    let field = change(&plan)["fields"][0].clone();
    assert_eq!(field["secret"], true);
    assert_eq!((&field["live"], &field["proposed"]), (&Value::Null, &Value::Null));
    let apply = world.infra("apply", YES_JSON).await.expect_code(0);
    let password = world.root_password().await;
    for printed in [&plan, &apply] {
        for text in [&printed.stdout, &printed.stderr] {
            assert!(!text.contains("c3R1cGlk") && !text.contains(&password), "{text}");
        }
    }
}

#[tokio::test]
async fn an_apply_tells_an_event_on_each_line_and_ends_with_the_summary() {
    let world = World::new().await;
    let lines = world.infra("apply", YES_JSON).await.expect_code(0).lines();
    let names = names(&lines);
    assert_eq!(names[0], "plan");
    assert_eq!(names.iter().filter(|name| **name == "created").count(), OBJECTS);
    let summary = lines.last().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!(
        (&summary["outcome"], &summary["exit_code"]),
        (&json!("done"), &json!(0))
    );
    assert_eq!(summary["objects"]["created"], OBJECTS);

    let lines = world.infra("apply", YES_JSON).await.expect_code(0).lines();
    let summary = lines.last().unwrap();
    assert_eq!(summary["outcome"], "done");
    assert_eq!(summary["objects"]["unchanged"], OBJECTS);

    let lines = world.infra("destroy", YES_JSON).await.expect_code(0).lines();
    let summary = lines.last().unwrap();
    assert_eq!(summary["outcome"], "done");
    assert!(summary["objects"]["kept"].as_u64() > Some(0), "{summary}");
}

#[tokio::test]
async fn an_end_before_the_first_write_has_a_summary_too() {
    let world = World::new().await;
    let asked = world.infra("apply", JSON).await.expect_code(6);
    let lines = asked.lines();
    assert_eq!(names(&lines), ["plan", "summary"]);
    assert_eq!(lines[1]["outcome"], "refused");
    assert_eq!(lines[1]["exit_code"], 6);
    assert_eq!(lines[1]["objects"], Value::Null);
    assert!(
        asked.stderr.contains("error: cannot ask for confirmation"),
        "{}",
        asked.stderr
    );
    // Errors of a plan are text on standard error, and nothing else.
    let unknown = world
        .run(&["plan", "nowhere", "--output", "json"])
        .await
        .expect_code(1);
    assert_eq!(unknown.stdout, "");
}

/// The part of a status with this kind and name, at any depth.
fn part<'a>(parts: &'a Value, kind: &str, name: &str) -> Option<&'a Value> {
    let parts = parts.as_array()?;
    parts.iter().find_map(|found| {
        let is_it = found["kind"] == kind && found["name"] == name;
        is_it
            .then_some(found)
            .or_else(|| part(&found["children"], kind, name))
    })
}

async fn status(world: &World, code: i32) -> Value {
    let status = world.infra("status", JSON).await.expect_code(code);
    serde_json::from_str(&status.stdout).expect("one JSON document")
}

#[tokio::test]
async fn a_status_is_the_tree_and_what_is_kept() {
    let world = World::new().await;
    let absent = status(&world, 3).await;
    assert_eq!(
        (&absent["ready"], &absent["applied"]),
        (&json!(false), &json!(false))
    );

    world.apply().await.expect_code(0);
    let ready = status(&world, 0).await;
    assert_eq!(ready["format_version"], 1);
    assert_eq!(ready["environment"], world.name.as_str());
    assert_eq!(ready["cluster"]["context"], "sandbox");
    assert_eq!((&ready["ready"], &ready["applied"]), (&json!(true), &json!(true)));
    assert_eq!(ready["kept"], json!([]));
    let database = part(&ready["objects"], "StatefulSet", "mongodb").unwrap();
    assert_eq!(database["namespace"], world.database.as_str());
    assert_eq!(
        (&database["state"], &database["message"]),
        (&json!("ready"), &json!("1 of 1 ready"))
    );
    let pod = &database["children"][0];
    assert_eq!((&pod["kind"], &pod["name"]), (&json!("Pod"), &json!("mongodb-0")));
    assert_eq!(
        pod["children"][0],
        json!({
            "kind": "Container", "namespace": null, "name": "mongodb", "state": "ready",
            "message": "mongo:8.0", "children": [],
        })
    );

    world.delete(&world.service()).await;
    let lacking = status(&world, 3).await;
    let service = part(&lacking["objects"], "Service", "api").unwrap();
    assert_eq!(service["state"], "missing");
    assert_eq!(
        (&lacking["ready"], &lacking["applied"]),
        (&json!(false), &json!(true))
    );

    world.destroy().await.expect_code(0);
    let destroyed = status(&world, 3).await;
    let kept: Vec<&str> = destroyed["kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kept, ["Namespace", "Secret", "PersistentVolumeClaim"]);
}

#[tokio::test]
async fn a_diff_is_documents_and_lines_without_secret_values() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let unchanged = world
        .infra("diff", &["--output", "json", "--detailed-exitcode"])
        .await
        .expect_code(0);
    let document: Value = serde_json::from_str(&unchanged.stdout).unwrap();
    assert_eq!(document["objects"], json!([]));

    let surge = json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": 3}}}});
    world.edit(&world.deployment(), &surge).await;
    world
        .edit(&world.users(), &json!({"data": {"root-password": "c3R1cGlk"}}))
        .await;
    let diff = world
        .infra("diff", &["--output", "json", "--detailed-exitcode"])
        .await
        .expect_code(2);
    let password = world.root_password().await;
    assert!(!diff.stdout.contains("c3R1cGlk") && !diff.stdout.contains(&password));
    let document: Value = serde_json::from_str(&diff.stdout).unwrap();
    let [secret, deployment] = document["objects"].as_array().unwrap().as_slice() else {
        panic!("{document}");
    };
    assert_eq!(secret["action"], "change");
    for side in ["live", "planned"] {
        assert_eq!(secret[side]["data"], json!({"root-password": "(not shown)"}));
    }
    let lines: Vec<&str> = secret["unified"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    assert!(
        lines.contains(&"+  root-password: (not shown)  # another value"),
        "{lines:?}"
    );
    assert_eq!(
        (&deployment["id"]["kind"], &deployment["reason"]),
        (&json!("Deployment"), &json!("it was changed in the cluster"))
    );
    assert_eq!(deployment["live"]["spec"], surge["spec"]);
    assert_eq!(
        deployment["planned"]["spec"],
        json!({"strategy": {"rollingUpdate": {"maxSurge": 1}}})
    );
}

#[tokio::test]
async fn a_diff_of_what_is_made_has_no_live_side_and_one_of_a_destroy_no_planned_side() {
    let world = World::new().await;
    let made = world.infra("diff", JSON).await.expect_code(0);
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    let objects = made["objects"].as_array().unwrap();
    assert_eq!(objects.len(), OBJECTS);
    for object in objects {
        assert_eq!(object["action"], "create");
        assert!(
            object["live"].is_null() && object["planned"]["kind"].is_string(),
            "{object}"
        );
    }
    world.apply().await.expect_code(0);
    let gone = world
        .infra("diff", &["--destroy", "--output", "json"])
        .await
        .expect_code(0);
    let gone: Value = serde_json::from_str(&gone.stdout).unwrap();
    for object in gone["objects"].as_array().unwrap() {
        assert!(object["planned"].is_null(), "{object}");
        let is_deleted = object["action"] == "delete";
        assert_eq!(is_deleted, object["live"]["kind"].is_string(), "{object}");
    }
}

#[tokio::test]
async fn effects_are_counted_behind_the_changes() {
    let world = World::new().await;
    let first = world.infra("plan", JSON).await.expect_code(0);
    let first: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!(first["summary"]["effects"]["rolling_restarts"], 0);
    world.apply().await.expect_code(0);
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    let plan = world.plan().await.expect_code(0);
    let mut lines = plan.stdout.lines().rev();
    assert!(lines.next().unwrap().starts_with("Plan: "), "{}", plan.stdout);
    assert_eq!(lines.next(), Some("Effects: 1 rolling restart (2 pods)."));
    let plan = world.infra("plan", JSON).await.expect_code(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(
        plan["summary"]["effects"],
        json!({"rolling_restarts": 1, "restarted_pods": 2, "outages": 0, "scalings": 0, "data_losses": 0})
    );
    world
        .infra("plan", &["--destroy"])
        .await
        .expect_code(0)
        .expect_line("Effects: 2 outages.");
}
