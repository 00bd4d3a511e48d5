//! What programs are told: whole, parseable, and without any secret value.

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
            "action": "create", "reason": "it is not there", "effects": [], "fields": [],
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
            "cause": {"kind": "drift", "by": {"manager": "kubectl-edit", "subresource": "", "time": null}},
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
        asked.stderr.contains("error: nobody is there to be asked"),
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
