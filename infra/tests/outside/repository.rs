//! Guards the repository's own build files: pinned images and actions, one feature set.

use std::fs;
use std::path::Path;

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap()
}

/// The rest of every line that starts with a keyword.
fn values<'text>(text: &'text str, keyword: &str) -> Vec<&'text str> {
    let lines = text
        .lines()
        .map(|line| line.trim_start().trim_start_matches("- "));
    lines
        .filter_map(|line| line.strip_prefix(keyword))
        .map(str::trim)
        .collect()
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[track_caller]
fn check_digest(image: &str) {
    let digest = image.split_once("@sha256:").map(|(_, digest)| digest);
    assert!(digest.is_some_and(|digest| is_hexadecimal(digest, 64)), "{image}");
}

/// The Dockerfile itself names tags: a node without a way to a registry builds with the images that it has.
#[test]
fn releases_and_compose_pin_every_base_image_by_digest() {
    let (dockerfile, compose) = (read("Dockerfile"), read("compose.yaml"));
    let images = values(&compose, "image: ");
    // The other one is built from the Dockerfile.
    let pulled = images.into_iter().filter(|image| *image != "service:compose");
    pulled.for_each(check_digest);
    let bases = values(&dockerfile, "FROM ");
    assert_eq!(bases.len(), 2, "{bases:?}");
    for base in bases {
        let base = base.split_whitespace().next().unwrap();
        for file in ["compose.yaml", ".github/workflows/release.yml"] {
            let text = read(file);
            let contexts = values(&text, &format!("{base}=docker-image://{base}"));
            assert_eq!(contexts.len(), 1, "{file} pins {base}");
            check_digest(contexts[0]);
        }
    }
}

#[test]
fn actions_are_pinned_by_commit_and_name_their_version() {
    for file in fs::read_dir(repository().join(".github/workflows")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for action in values(&text, "uses: ") {
            let pinned = action.split_once('@').and_then(|(_, pin)| pin.split_once(" # v"));
            let is_pinned = pinned.is_some_and(|(commit, _)| is_hexadecimal(commit, 40));
            assert!(is_pinned || action.starts_with("./"), "{action}");
        }
    }
}

/// With `--package`, cargo unifies features over that package alone, and the next recipe rebuilds the dependencies.
#[test]
fn recipes_build_with_the_features_of_the_workspace() {
    for file in ["justfile", ".ci/run"] {
        for line in read(file).lines().filter(|line| line.contains("cargo ")) {
            assert!(!line.contains(" --package") && !line.contains(" -p "), "{line}");
        }
    }
    assert!(!read("Cargo.toml").contains("default-members"));
}
