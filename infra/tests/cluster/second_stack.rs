//! Another stack in the same cluster: `engine/examples/reports.rs` beside an environment of the data API with the same name.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::json;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::fixture::{OBJECTS, World};

static EXAMPLE: OnceCell<PathBuf> = OnceCell::const_new();

/// Builds the example, which takes no time where the whole workspace was built.
async fn example() -> &'static Path {
    let build = async || {
        let mut command = Command::new(env!("CARGO"));
        command.args([
            "build",
            "--quiet",
            "--locked",
            "--workspace",
            "--example",
            "reports",
        ]);
        let status = command.status().await.expect("cargo runs");
        assert!(status.success(), "the example builds");
        let infra = Path::new(env!("CARGO_BIN_EXE_infra"));
        infra.with_file_name("examples").join("reports")
    };
    EXAMPLE.get_or_init(build).await
}

async fn reports(world: &World, arguments: &[&str]) -> Vec<String> {
    let (command, rest) = arguments.split_first().expect("a command");
    let mut reports = Command::new(example().await);
    reports
        .args([*command, world.name.as_str(), "sandbox"])
        .args(rest)
        .env("KUBECONFIG", &world.kubeconfig);
    let Output {
        status,
        stdout,
        stderr,
    } = reports.output().await.expect("the example runs");
    let stdout = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{stdout}{}", String::from_utf8_lossy(&stderr));
    let lines = stdout.lines();
    lines.map(|line| line.replace(&world.name, "shop")).collect()
}

#[tokio::test]
async fn another_stack_with_the_same_environments_name_is_left_alone_and_leaves_alone() {
    let world = World::new().await;
    world.apply().await.expect_code(0);

    assert_eq!(
        reports(&world, &["plan"]).await,
        [
            "create Namespace/reports-shop",
            "create ConfigMap/reports-shop/settings",
            "create CronJob/reports-shop/report",
            "Plan: 3 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged.",
        ]
    );
    let applied = reports(&world, &["apply"]).await;
    assert_eq!(applied.last().unwrap(), "Done: 3 created, 0 changed, 0 deleted.");
    let nothing = "Plan: 0 to create, 0 to change, 0 to replace, 0 to delete, 3 unchanged.";
    assert_eq!(reports(&world, &["apply"]).await, [nothing]);
    world.plan().await.expect_code(0).expect_line(&format!(
        "No changes. {} matches its configuration ({OBJECTS} objects).",
        world.name
    ));

    let changed = reports(&world, &["apply", "0 7 * * *"]).await;
    assert_eq!(
        changed,
        [
            "change CronJob/reports-shop/report",
            "Plan: 0 to create, 1 to change, 0 to replace, 0 to delete, 2 unchanged.",
            "Done: 0 created, 1 changed, 0 deleted.",
        ]
    );

    let destroyed = reports(&world, &["destroy"]).await;
    assert_eq!(
        destroyed.last().unwrap(),
        "Done: 0 created, 0 changed, 3 deleted."
    );
    let record = format!(
        "/api/v1/namespaces/infra-system/secrets/infra-reports-{}",
        world.name
    );
    assert!(world.read(&record).await.is_none(), "nothing is left to remember");
    world.plan().await.expect_code(0).expect_line(&format!(
        "No changes. {} matches its configuration ({OBJECTS} objects).",
        world.name
    ));
}

#[tokio::test]
async fn the_destroy_of_one_stack_keeps_the_other() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    reports(&world, &["apply"]).await;
    world.destroy().await.expect_code(0);
    let nothing = "Plan: 0 to create, 0 to change, 0 to replace, 0 to delete, 3 unchanged.";
    assert_eq!(reports(&world, &["plan"]).await, [nothing]);
}

#[tokio::test]
async fn the_record_of_another_stack_is_refused_by_name() {
    let world = World::new().await;
    reports(&world, &["apply"]).await;
    let path = format!(
        "/api/v1/namespaces/infra-system/secrets/infra-reports-{}",
        world.name
    );
    let mut secret = world.read(&path).await.unwrap();
    let labels = secret["metadata"]["labels"].clone();
    secret["metadata"] = json!({"name": format!("infra-{}", world.name), "labels": labels});
    world
        .create("/api/v1/namespaces/infra-system/secrets", &secret)
        .await;
    world.plan().await.expect_code(6).expect_text(&format!(
        "record `infra-{}` belongs to stack `reports`, not to `data-api`",
        world.name
    ));
}
