//! The manifests of each environment that ships with the program, so that a review shows every change.

use serde_json::Value;

use crate::binary::{environments, run, shipped};

/// Names of the environments that ship with the program.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(shipped()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

/// Renders an environment and reads the manifests back.
fn documents(text: &str) -> Vec<Value> {
    // The comment before the first separator is an empty document.
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

/// Hides hashes and tags: they change with every object and source file, and tell a reviewer nothing.
fn without_hashes(text: &str) -> String {
    let marks = ["state-hash: v1:", "image: service:dev-"];
    let shortened = |line: &str| {
        let mark = marks.iter().find(|mark| line.contains(**mark))?;
        let (indent, _) = line.split_once(mark)?;
        Some(format!("{indent}{mark}…\n"))
    };
    let lines = text
        .lines()
        .map(|line| shortened(line).unwrap_or_else(|| format!("{line}\n")));
    lines.collect()
}

#[test]
fn each_environment_renders_without_a_cluster() {
    for name in names() {
        let rendered = run(shipped(), &["render", &name]);
        assert_eq!((rendered.code, rendered.stderr.as_str()), (Some(0), ""));
        insta::assert_snapshot!(name, without_hashes(&rendered.stdout));
    }
}

#[test]
fn the_manifests_are_whole_objects_without_values_of_secrets() {
    for name in names() {
        let rendered = run(shipped(), &["render", &name]);
        let documents = documents(&rendered.stdout);
        assert_eq!(documents.len(), rendered.stdout.matches("\n---\n").count());
        for document in documents {
            for field in ["apiVersion", "kind"] {
                assert!(document[field].is_string(), "{document}");
            }
            assert!(document["metadata"]["name"].is_string(), "{document}");
            if document["kind"] == "Secret" {
                assert_eq!(document["data"], Value::Null);
                assert_eq!(document["stringData"], Value::Null);
                assert_eq!(document["metadata"]["annotations"], Value::Null);
            }
        }
    }
}

#[test]
fn nothing_that_is_generated_is_printed() {
    // Passwords and keys are random in each run, so equal output holds none of them.
    for name in names() {
        let [one, other] = [(); 2].map(|()| run(shipped(), &["render", &name]).stdout);
        assert_eq!(one, other);
    }
}

#[test]
fn an_unknown_environment_prints_nothing() {
    let directory = environments(&[("eu.toml", "cluster.context = 'a'")]);
    insta::assert_snapshot!(run(directory.path(), &["render", "us"]), @"
    exit 1
    --- stderr
    error: there is no environment `us` in `environments`
    hint: available: `eu`
    ");
}
