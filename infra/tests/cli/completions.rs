//! A shell completes commands, flags and the names of environments.

use std::process::Command;

use crate::binary::environments;

/// The completions that bash would offer after these words.
fn offered(words: &[&str]) -> Vec<String> {
    let directory = environments(&[]);
    let files = directory.path().join("environments");
    std::fs::create_dir(&files).unwrap();
    for name in ["eu", "us"] {
        std::fs::write(files.join(format!("{name}.toml")), "cluster.context = 'a'").unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .arg("--")
        .arg("infra")
        .args(words)
        .current_dir(directory.path())
        .env_clear()
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .env("_CLAP_IFS", "\n")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn environments_are_completed_by_their_files() {
    assert_eq!(offered(&["plan", "e"]), ["eu"]);
    assert_eq!(offered(&["validate", "eu", "u"]), ["us"]);
}

#[test]
fn a_path_is_completed_by_files() {
    assert_eq!(offered(&["plan", "environments/e"]), ["environments/eu.toml"]);
}

#[test]
fn commands_and_flags_are_completed() {
    assert_eq!(offered(&["ren"]), ["render"]);
    assert_eq!(offered(&["apply", "eu", "--no-w"]), ["--no-wait"]);
    assert_eq!(offered(&["apply", "eu", "--output", "j"]), ["json"]);
    assert_eq!(offered(&["apply", "eu", "--allow", "o"]), ["outage"]);
}

#[test]
fn environments_are_completed_from_the_directory_on_the_line() {
    let elsewhere = environments(&[("asia.toml", ""), ("africa.toml", "")]);
    let directory = elsewhere.path().to_str().unwrap();
    let both = ["africa", "asia"];
    assert_eq!(offered(&["--environments", directory, "plan", "a"]), both);
    assert_eq!(offered(&["plan", "--environments", directory, "a"]), both);
    let joined = format!("--environments={directory}");
    assert_eq!(offered(&["plan", &joined, "a"]), both);
    assert_eq!(offered(&["forward", &joined, "as"]), ["asia"]);
    // A missing directory offers nothing and is not an error.
    assert_eq!(offered(&["plan", "--environments", "nowhere", "e"]), [""; 0]);
}
