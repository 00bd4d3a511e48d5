//! The environments under test: those that ship, and one for each further option.

use std::path::Path;

use engine_core::stack::Stack;
use infra::environment::{Environment, parse};
use infra::resources;
use serde_json::Value;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../environments");

/// The environments that ship.
pub(crate) const SHIPPED: [&str; 3] = ["minikube", "production", "sandbox"];

/// The further options of a file, by name.
pub(crate) const CHOICES: [(&str, &str); 6] = [
    ("one-namespace", "[namespaces]\napp = 'shop'\ndatabase = 'shop'"),
    ("given-namespaces", "[namespaces]\ncreate = false"),
    ("autoscaler", "[service.autoscaling]"),
    ("existing-claim", "[mongodb]\nexisting_claim = 'old'"),
    (
        "host-path",
        "[mongodb.host_path]\npath = '/srv/mongodb'\nnode = 'minikube'",
    ),
    (
        "all-extras",
        "[mongodb]\ncluster_ip = true\n[pull_secret]\nserver = 'registry.example.com'\nusername = 'puller'\n\
         [quota]\nrequests_cpu = '1'\nrequests_memory = '1Gi'\nlimits_cpu = '2'\nlimits_memory = '2Gi'",
    ),
];

/// The objects of an environment that ships.
pub(crate) fn shipped(name: &str) -> Vec<Value> {
    let file = Path::new(DIRECTORY).join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&file).unwrap();
    objects(&declared(&parsed(name, &file, &text)))
}

/// The objects of an environment whose file holds only `lines`.
pub(crate) fn chosen(lines: &str) -> Vec<Value> {
    objects(&stack(lines))
}

/// The same for an environment of another name.
pub(crate) fn named(name: &str, lines: &str) -> Vec<Value> {
    let text = format!("cluster.context = 'minikube'\n{lines}");
    objects(&declared(&parsed(
        name,
        Path::new("environments/any.toml"),
        &text,
    )))
}

/// The stack of an environment whose file holds only `lines`.
pub(crate) fn stack(lines: &str) -> Stack {
    let text = format!("cluster.context = 'minikube'\n{lines}");
    declared(&parsed("shop", Path::new("environments/shop.toml"), &text))
}

/// The objects of every environment, by name.
pub(crate) fn all() -> Vec<(&'static str, Vec<Value>)> {
    let shipped = SHIPPED.map(|name| (name, self::shipped(name)));
    let choices = CHOICES.map(|(name, lines)| (name, chosen(lines)));
    shipped.into_iter().chain(choices).collect()
}

fn parsed(name: &str, file: &Path, text: &str) -> Environment {
    let password = (
        "INFRA_PULL_SECRET__PASSWORD".to_owned(),
        "pull-password".to_owned(),
    );
    parse(name, file, text, [password]).unwrap()
}

/// Declares an environment with a fixed record.
fn declared(environment: &Environment) -> Stack {
    let mut record = resources::placeholder_record(environment, "cluster");
    for (name, value) in [
        ("root_password", "root-password"),
        ("application_password", "application-password"),
        ("pull_password", "pull-password"),
    ] {
        record.secrets.insert(name.to_owned(), value.to_owned().into());
    }
    resources::declare(environment, &record)
}

fn objects(stack: &Stack) -> Vec<Value> {
    stack
        .objects
        .iter()
        .map(|declared| declared.object.json())
        .collect()
}
