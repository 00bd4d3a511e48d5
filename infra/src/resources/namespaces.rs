//! The namespaces of an environment, made by it or given. Pure.

use k8s_openapi::api::core::v1::Namespace;

use super::metadata::{SYSTEM, metadata};
use crate::environment::Environment;
use crate::object::HashKey;
use crate::stack::{Need, Stack};

/// The namespaces, ready to be referred to.
pub struct Namespaces {
    /// Where the data API runs.
    pub app: Home,
    /// Where the database runs.
    pub database: Home,
}

/// A namespace that objects live in.
#[derive(Clone)]
pub struct Home {
    /// The Namespace, when it is one of the stack's objects.
    need: Option<Need>,
}

impl Home {
    /// What an object in this namespace refers to; empty when the namespace was given.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        self.need.iter().cloned().collect()
    }
}

/// Adds the namespaces to the stack, unless they are there already by agreement.
#[must_use]
pub fn add(stack: &mut Stack, environment: &Environment, key: &HashKey) -> Namespaces {
    let app = environment.namespaces.app.as_str();
    let database = environment.namespaces.database.as_str();
    let app_home = add_one(stack, environment, app, key);
    let database_home = if app == database {
        app_home.clone()
    } else {
        add_one(stack, environment, database, key)
    };
    Namespaces {
        app: app_home,
        database: database_home,
    }
}

fn add_one(stack: &mut Stack, environment: &Environment, name: &str, key: &HashKey) -> Home {
    stack.namespaces.push(name.to_owned());
    let need = environment.namespaces.create.then(|| {
        stack
            .add(&namespace(environment, name), Vec::new(), key)
            .applied()
    });
    Home { need }
}

/// Builds a namespace.
#[must_use]
pub fn namespace(environment: &Environment, name: &str) -> Namespace {
    Namespace {
        metadata: metadata(environment, SYSTEM, None, name),
        ..Namespace::default()
    }
}
