//! Names and labels of the objects of an environment. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::environment::Environment;

/// A component of the system: the name and labels of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Name of the component's objects.
    pub name: &'static str,
    /// Its role in the system.
    pub role: &'static str,
}

/// The data API.
pub const API: Component = Component {
    name: "api",
    role: "api",
};

/// The database.
pub const MONGODB: Component = Component {
    name: "mongodb",
    role: "database",
};

/// The system that the components belong to.
pub const SYSTEM: Component = Component {
    name: "data-api",
    role: "system",
};

/// Metadata of the object `name` in `namespace`; cluster-scoped if `None`.
#[must_use]
pub fn metadata(
    environment: &Environment,
    component: Component,
    namespace: Option<&str>,
    name: &str,
) -> ObjectMeta {
    let mut labels = selector_labels(environment, component);
    for (label, value) in [
        ("app.kubernetes.io/component", component.role),
        ("app.kubernetes.io/part-of", SYSTEM.name),
        ("app.kubernetes.io/managed-by", "infra"),
    ] {
        labels.insert(label.to_owned(), value.to_owned());
    }
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(str::to_owned),
        labels: Some(labels),
        ..ObjectMeta::default()
    }
}

/// Metadata of the pods of a component, and of the claims made from its templates.
///
/// Only the labels that selectors use: a claim copies the labels of its template, and with the environment's label it would
/// look like an object to prune.
#[must_use]
pub fn template_metadata(environment: &Environment, component: Component) -> ObjectMeta {
    ObjectMeta {
        labels: Some(selector_labels(environment, component)),
        ..ObjectMeta::default()
    }
}

/// Selects the pods of a component.
#[must_use]
pub fn selector(environment: &Environment, component: Component) -> LabelSelector {
    LabelSelector {
        match_labels: Some(selector_labels(environment, component)),
        ..LabelSelector::default()
    }
}

/// The labels that select a component's pods.
#[must_use]
pub fn selector_labels(environment: &Environment, component: Component) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), component.name.to_owned()),
        (
            "app.kubernetes.io/instance".to_owned(),
            environment.name.as_str().to_owned(),
        ),
    ])
}
