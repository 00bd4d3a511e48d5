//! Usage and setup errors have messages of ours, with the next step.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs the binary with only the environment file set up.
fn run(environment: &str, arguments: &[&str], home: &Path) -> Output {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("shop.toml"), environment).unwrap();
    Command::new(env!("CARGO_BIN_EXE_infra"))
        .args(arguments)
        .arg("--environments")
        .arg(directory.path())
        .env_clear()
        .env("HOME", home)
        .output()
        .unwrap()
}

#[track_caller]
fn check(environment: &str, arguments: &[&str], code: i32, expected: &str) {
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    if !environment.contains("missing") {
        std::fs::write(home.path().join(".kube/config"), KUBECONFIG).unwrap();
    }
    let output = run(environment, arguments, home.path());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.trim_end(), expected);
    assert!(output.stdout.is_empty());
}

/// Port 1 on loopback refuses connections.
const KUBECONFIG: &str = "
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: nothing-there, context: {cluster: c, user: u}}]
current-context: nothing-there
";

#[test]
fn a_missing_kubeconfig() {
    check(
        "[cluster]\ncontext = \"missing\"",
        &["plan", "shop"],
        1,
        "error: there is no kubeconfig at `~/.kube/config`\nhint: start the cluster (`minikube start`, or `just sandbox up` for the sandbox), or name a kubeconfig with --kubeconfig or KUBECONFIG",
    );
}

#[test]
fn an_unknown_context() {
    check(
        "[cluster]\ncontext = \"minikube\"",
        &["plan", "shop"],
        1,
        "error: kubeconfig `~/.kube/config` has no context `minikube`\nhint: it has: nothing-there; set `context` in the `[cluster]` table, or start the cluster (`minikube start`, or `just sandbox up` for the sandbox)",
    );
}

#[test]
fn a_refused_connection() {
    check(
        "[cluster]\ncontext = \"nothing-there\"",
        &["plan", "shop"],
        1,
        "error: cannot reach the API server at https://127.0.0.1:1: Connection refused (os error 111)\nhint: is the cluster running? `minikube status`, or `just sandbox up` for the sandbox",
    );
}

#[test]
fn an_unknown_environment() {
    let home = TempDir::new().unwrap();
    let output = run("", &["plan", "shpo"], home.path());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.starts_with("error: there is no environment `shpo` in "),
        "{stderr}"
    );
    assert!(stderr.contains("shop"), "{stderr}");
}

#[test]
fn a_faulty_environment_file() {
    let home = TempDir::new().unwrap();
    let output = run("[cluster]\ncontxt = \"x\"", &["plan", "shop"], home.path());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.contains("shop.toml:2:1") && stderr.contains("nearest: `context`"),
        "{stderr}"
    );
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    let home = TempDir::new().unwrap();
    for arguments in [
        &["plan"][..],
        &["paln", "shop"],
        &["plan", "shop", "--no-such-flag"],
    ] {
        assert_eq!(
            run("", arguments, home.path()).status.code(),
            Some(64),
            "{arguments:?}"
        );
    }
    assert_eq!(run("", &["--help"], home.path()).status.code(), Some(0));
}

#[tokio::test]
async fn credentials_that_the_server_does_not_know() {
    let kubeconfig = tokio::task::spawn_blocking(|| crate::fixture::control_plane().kubeconfig().to_owned())
        .await
        .unwrap();
    // The same server, another user.
    let text = std::fs::read_to_string(kubeconfig).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("client-key-data"))
        .collect();
    let text = lines
        .iter()
        .map(|line| match line.split_once("client-certificate-data:") {
            Some((indent, _)) => format!("{}token: unknown", indent.trim_start_matches("- ")),
            None => (*line).to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n");
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    std::fs::write(home.path().join(".kube/config"), text).unwrap();
    let output = run("[cluster]\ncontext = \"sandbox\"", &["plan", "shop"], home.path());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("does not accept the credentials of this context (401 Unauthorized)"),
        "{stderr}"
    );
}
