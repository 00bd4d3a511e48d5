//! Runs every block of the READMEs that is marked `console`, and compares the output.
//!
//! In such a block `…` alone on a line matches any lines, and `[..]` any text within one; timestamps count as
//! equal. `just COMMAND` is run as `infra COMMAND`, in a project that holds the environment files of this one.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::fixture::{World, control_plane};

const READMES: [&str; 2] = [
    include_str!("../../../README.md"),
    include_str!("../../../environments/README.md"),
];

/// The environment of the block that shows faults.
const FAULTY: &str = r#"[cluster]
context = "shop"

[service]
image = "service:dev"
node_prot = 30500
requests = { cpu = "1", memory = "250Mi" }
"#;

/// A command of a README and the output shown there.
struct Example {
    command: &'static str,
    printed: String,
}

#[tokio::test]
async fn the_readmes_show_what_is_printed() {
    let world = World::new().await;
    let project = project();
    let applied = run(project.path(), "infra apply sandbox --yes");
    assert!(applied.contains("Applied: "), "{applied}");
    drift(&world).await;
    for example in examples() {
        let printed = run(project.path(), &example.command.replacen("just ", "infra ", 1));
        let [shown, printed] = [&example.printed, &printed].map(|text| without_times(text));
        assert!(
            matches(
                &shown.lines().collect::<Vec<_>>(),
                &printed.lines().collect::<Vec<_>>()
            ),
            "$ {}\nthe README shows:\n{shown}\nprinted is:\n{printed}",
            example.command
        );
    }
}

/// A directory with the environment files of this project, and a sandbox that is up.
fn project() -> TempDir {
    let project = TempDir::new().unwrap();
    let environments = project.path().join("environments");
    for directory in [&environments, &project.path().join(".sandbox")] {
        fs::create_dir(directory).unwrap();
    }
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../environments");
    for file in fs::read_dir(ours).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), environments.join(file.file_name())).unwrap();
    }
    fs::write(environments.join("shop.toml"), FAULTY).unwrap();
    fs::copy(
        control_plane().kubeconfig(),
        project.path().join(".sandbox/kubeconfig"),
    )
    .unwrap();
    project
}

/// Sets up the state of the first block: two manual edits, and an active autoscaler.
async fn drift(world: &World) {
    let api = "/apis/apps/v1/namespaces/app/deployments/api";
    let patch = async |path: String, body| {
        let patched = world
            .request("PATCH", &path, "application/strategic-merge-patch+json", &body)
            .await;
        patched.unwrap();
    };
    patch(
        format!("{api}/scale?fieldManager=kubectl-scale"),
        json!({ "spec": { "replicas": 4 } }),
    )
    .await;
    patch(
        format!("{api}?fieldManager=kubectl-label"),
        json!({ "metadata": { "labels": { "app.kubernetes.io/component": null } } }),
    )
    .await;
    let containers = json!([{ "name": "api", "image": "nginx:1" }]);
    patch(
        format!("{api}?fieldManager=kubectl-set"),
        json!({ "spec": { "template": { "spec": { "containers": containers } } } }),
    )
    .await;
}

fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in READMES.into_iter().flat_map(str::lines) {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            examples.push(Example {
                command,
                printed: String::new(),
            });
        } else if inside {
            let example = examples.last_mut().expect("a block begins with a command");
            example.printed.push_str(line);
            example.printed.push('\n');
        }
    }
    assert!(examples.len() >= 2, "the READMEs have examples");
    examples
}

/// Runs a command and returns what a terminal would show.
fn run(project: &Path, command: &str) -> String {
    let mut words = command.split(' ');
    assert_eq!(words.next(), Some("infra"), "{command}");
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command
        .args(words)
        .current_dir(project)
        .env_clear()
        .stdout(writer.try_clone().unwrap())
        .stderr(writer);
    let mut child = command.spawn().unwrap();
    // It holds the other end of the pipe.
    drop(command);
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    child.wait().unwrap();
    printed
}

/// Replaces points in time, such as `2026-11-21T12:26:36Z`.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| {
        word.trim_end_matches([';', ',', '.'])
            .parse::<jiff::Timestamp>()
            .is_ok()
    };
    let words = |line: &str| {
        let words = line
            .split(' ')
            .map(|word| if is_time(word) { "TIME" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

fn matches(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], printed) => printed.is_empty(),
        (["…", rest @ ..], printed) => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        ([line, shown @ ..], [found, printed @ ..]) => line_matches(line, found) && matches(shown, printed),
        _ => false,
    }
}

fn line_matches(shown: &str, printed: &str) -> bool {
    match shown.split_once("[..]") {
        None => shown == printed,
        Some((before, after)) => printed.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
            ends.into_iter().any(|end| line_matches(after, &rest[end..]))
        }),
    }
}

#[test]
fn wildcards_stand_for_lines_and_for_text() {
    let check = |shown: &str, printed: &str| {
        matches(
            &shown.lines().collect::<Vec<_>>(),
            &printed.lines().collect::<Vec<_>>(),
        )
    };
    assert!(check("a\n…\nd", "a\nb\nc\nd") && check("…", "") && check("a\n…", "a"));
    assert!(check("port [..] of [..]", "port 80 of a node") && check("a[..]", "a"));
    assert!(!check("a\n…\nd", "a\nb") && !check("a", "a\nb") && !check("port [..]!", "port 80"));
}
