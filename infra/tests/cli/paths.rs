//! An environment is given by its name, or by the path of its file.

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::binary::Ended;

/// A project with the environment `eu`.
fn project() -> TempDir {
    let project = TempDir::new().unwrap();
    std::fs::create_dir_all(project.path().join("environments")).unwrap();
    std::fs::create_dir_all(project.path().join("others")).unwrap();
    let file = project.path().join("environments/eu.toml");
    std::fs::write(file, "cluster.context = 'somewhere'").unwrap();
    project
}

/// Runs the binary in a directory of the project.
fn run(project: &TempDir, directory: &str, arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .args(arguments)
        .current_dir(project.path().join(directory))
        .env_clear()
        .output()
        .unwrap();
    let root = project.path().display().to_string();
    let shown = |bytes| String::from_utf8(bytes).unwrap().replace(&root, "/project");
    Ended {
        code: output.status.code(),
        stdout: shown(output.stdout),
        stderr: shown(output.stderr),
    }
}

#[test]
fn a_path_gives_name_and_directory() {
    let project = project();
    let absolute = project.path().join("environments/eu.toml");
    let absolute = absolute.to_str().unwrap();
    let check = |directory, arguments: &[&str]| {
        let ended = run(&project, directory, &[&["validate"], arguments].concat());
        assert_eq!(ended.stdout, "eu is valid (context somewhere)\n", "{ended}");
    };
    check("", &["environments/eu.toml"]);
    check("", &["environments/eu"]);
    check("environments", &["eu.toml"]);
    check("environments", &["./eu.toml"]);
    check("others", &["../environments/eu.toml"]);
    check("others", &[absolute]);
    // The same directory, said in two ways.
    check("", &["environments/eu.toml", "--environments", "./environments/"]);
    check("others", &[absolute, "--environments", "../environments"]);
}

#[test]
fn every_command_takes_a_path() {
    let project = project();
    for command in [
        "plan", "diff", "apply", "destroy", "status", "render", "image", "forward",
    ] {
        let path = "environments/eu.toml";
        let ended = run(&project, "", &[command, path]);
        assert!(
            !ended.stderr.contains("not the name of an environment"),
            "{ended}"
        );
        let missing = run(&project, "", &[command, "others/us.toml"]);
        assert!(
            missing
                .stderr
                .starts_with("error: there is no environment `us` in `others`"),
            "{missing}"
        );
    }
}

#[test]
fn a_path_outside_of_the_given_directory_is_a_usage_error() {
    let project = project();
    let arguments = ["plan", "environments/eu.toml", "--environments", "others"];
    assert_snapshot!(run(&project, "", &arguments), @"
    exit 64
    --- stderr
    error: `environments/eu.toml` is not in `others`, the directory that --environments names
    hint: omit --environments, or give the environment by name
    ");
}

#[test]
fn a_path_wins_over_the_variable_of_the_directory() {
    let project = project();
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .args(["validate", "environments/eu.toml"])
        .current_dir(project.path())
        .env_clear()
        .env("INFRA_ENVIRONMENTS", Path::new("others"))
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"eu is valid (context somewhere)\n");
}
