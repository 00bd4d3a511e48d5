//! The names of cluster-scoped objects include the environment's name.

use proptest::prelude::*;
use serde_json::Value;

use crate::environments::{CHOICES, SHIPPED, named, shipped};

/// The names of the objects of the cluster, but for namespaces, which the file names and which carry the label.
fn cluster_scoped(objects: &[Value]) -> Vec<&str> {
    let objects = objects
        .iter()
        .filter(|object| object["metadata"]["namespace"].is_null() && object["kind"] != "Namespace");
    objects
        .map(|object| object["metadata"]["name"].as_str().unwrap())
        .collect()
}

/// Names every object of the cluster that does not say whose it is.
fn unnamed(environment: &str, objects: &[Value]) -> Vec<String> {
    let prefix = format!("{environment}-");
    let names = cluster_scoped(objects);
    let names = names.iter().filter(|name| !name.starts_with(&prefix));
    let without_label = objects.iter().filter(|object| {
        object["metadata"]["namespace"].is_null()
            && object["metadata"]["labels"]["infra.internal/environment"] != environment
    });
    names
        .map(ToString::to_string)
        .chain(without_label.map(|object| format!("{} without the label", object["metadata"]["name"])))
        .collect()
}

#[test]
fn cluster_scoped_objects_of_the_shipped_environments_carry_their_name() {
    for name in SHIPPED {
        assert_eq!(unnamed(name, &shipped(name)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_name_that_is_missing_is_found() {
    let objects = named("shop", "[mongodb.host_path]\npath = '/srv'\nnode = 'a'");
    assert_eq!(cluster_scoped(&objects).len(), 1);
    assert!(!unnamed("other", &objects).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cluster_scoped_objects_carry_the_name_of_any_environment(
        one in "[a-z]([a-z0-9-]{0,38}[a-z0-9])?",
        other in "[a-z]([a-z0-9-]{0,38}[a-z0-9])?",
    ) {
        prop_assume!(one != other);
        for (choice, lines) in CHOICES {
            let [first, second] = [&one, &other].map(|name| named(name, lines));
            prop_assert_eq!(unnamed(&one, &first), Vec::<String>::new(), "{}", choice);
            let names = cluster_scoped(&second);
            let shared = cluster_scoped(&first).into_iter().find(|name| names.contains(name));
            prop_assert_eq!(shared, None, "{}", choice);
        }
    }
}
