//! The arrows between the modules, and what pure modules leave out, read from the sources.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of each crate, floor by floor: a module uses its own floor and those before it.
const FLOORS: [(&str, &[&[&str]]); 3] = [
    (
        "engine/core/src",
        &[
            &["object"],
            &["secret", "status"],
            &["record"],
            &["stack", "observation"],
            &["plan"],
        ],
    ),
    (
        "engine/src",
        &[
            &["cluster"],
            &["observe"],
            &["record"],
            &["apply"],
            &["deployment"],
        ],
    ),
    (
        "infra/src",
        &[
            &["image", "report"],
            &["environment"],
            &["resources"],
            &["cli", "commands"],
        ],
    ),
];

/// Where something must not be named: the paths, those excepted, and the words.
const ABSENT: [(&[&str], &[&str], &[&str]); 3] = [
    // Pure modules.
    (
        &[
            "engine/core/src",
            "infra/src/environment",
            "infra/src/image",
            "infra/src/resources",
        ],
        // They read the file, its variables and the image's sources; `schema` is a test.
        &[
            "infra/src/environment/load.rs",
            "infra/src/environment/schema.rs",
            "infra/src/image/read.rs",
        ],
        &[
            "async ",
            ".await",
            "tokio::",
            "kube::",
            "hyper::",
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "Instant",
            "SystemTime",
            "Timestamp::now",
        ],
    ),
    // One module talks to the cluster.
    (
        &["engine/src", "infra/src"],
        &["engine/src/cluster.rs", "engine/src/cluster/"],
        &["kube::Client", "kube::Api", "kube::client", "hyper_util::"],
    ),
    // One module prints.
    (
        &["engine/core/src", "engine/src", "infra/src"],
        // Their children's output goes to standard error.
        &[
            "infra/src/report.rs",
            "infra/src/report/",
            "infra/src/commands/forward.rs",
            "infra/src/commands/image/",
        ],
        &["println!", "print!(", "io::stdout", "io::stderr"],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every line of code outside of tests below a path, with `file:line` before it.
fn code(path: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(root().join(path)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("{path}/{name}");
        if root().join(&path).is_dir() {
            lines.extend(code(&path));
        } else if let Some(name) = name.strip_suffix(".rs")
            && !name.ends_with("tests")
        {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let numbered = text.lines().enumerate();
            let of_code = numbered.filter(|(_, line)| !line.trim_start().starts_with("//"));
            lines.extend(of_code.map(|(number, line)| (format!("{path}:{}", number + 1), line.to_owned())));
        }
    }
    lines
}

/// The module of a crate that a file belongs to.
fn module<'a>(source: &str, place: &'a str) -> &'a str {
    let below = &place[source.len() + 1..];
    below.split(['/', '.']).next().unwrap()
}

#[test]
fn arrows_between_modules_go_one_way() {
    for (source, floors) in FLOORS {
        let floor = |module: &str| floors.iter().position(|floor| floor.contains(&module));
        for (place, line) in code(source) {
            let from = module(source, &place);
            if ["lib", "main"].contains(&from) {
                continue;
            }
            let own = floor(from).unwrap_or_else(|| panic!("{place}: module `{from}` has no floor"));
            for used in line.split("crate::").skip(1) {
                let used: String = used
                    .chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                    .collect();
                let theirs = floor(&used).unwrap_or_else(|| panic!("{place}: module `{used}` has no floor"));
                assert!(
                    theirs <= own,
                    "{place}: `{from}` must not use `{used}`, which stands above it"
                );
            }
        }
    }
}

#[test]
fn what_a_module_must_not_name_is_absent() {
    for (sources, excepted, words) in ABSENT {
        let lines = sources.iter().flat_map(|source| code(source));
        for (place, line) in lines.filter(|(place, _)| !excepted.iter().any(|path| place.starts_with(path))) {
            for word in words {
                assert!(!line.contains(word), "{place}: `{word}` is only for {excepted:?}");
            }
        }
    }
}
