//! The namespaces of an environment, created or existing, with the quota and the pull secret of their pods. Pure.

use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, Secret};

use super::metadata::{SYSTEM, metadata};
use super::{pull_secret, quota};
use crate::environment::Environment;
use engine_core::secret::SecretValue;
use engine_core::stack::{Handle, Need, StackBuilder};

/// Label that makes a namespace refuse privileged pods.
const POD_SECURITY: &str = "pod-security.kubernetes.io/enforce";

/// Handles to the namespaces.
pub struct Namespaces {
    /// Where the data API runs.
    pub app: Home,
    /// Where the database runs.
    pub database: Home,
}

/// A namespace that holds objects.
#[derive(Clone)]
pub struct Home {
    name: String,
    /// The Namespace, if the stack declares it.
    namespace: Option<Handle<Namespace>>,
    quota: Option<Handle<ResourceQuota>>,
    pull_secret: Option<Handle<Secret>>,
}

impl Home {
    /// The dependencies of an object in this namespace; empty if the stack does not create the namespace.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        self.namespace.iter().map(Handle::applied).collect()
    }

    /// The dependencies of pods in this namespace.
    #[must_use]
    pub fn needs_of_pods(&self) -> Vec<Need> {
        let quota = self.quota.iter().map(Handle::applied);
        let pull_secret = self.pull_secret.iter().map(Handle::applied);
        self.needs().into_iter().chain(quota).chain(pull_secret).collect()
    }

    /// Name of the namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Secret for pulling images in this namespace, if the environment has one.
    #[must_use]
    pub fn pull_secret(&self) -> Option<&Handle<Secret>> {
        self.pull_secret.as_ref()
    }
}

/// Adds the namespaces and their shared objects to the stack. Does not declare a namespace that the environment must not
/// create.
#[must_use]
pub fn add(
    stack: &mut StackBuilder,
    environment: &Environment,
    pull_password: Option<&SecretValue>,
) -> Namespaces {
    let app = environment.namespaces.app.as_str();
    let database = environment.namespaces.database.as_str();
    let app_home = add_one(stack, environment, app, pull_password);
    let database_home = if app == database {
        app_home.clone()
    } else {
        add_one(stack, environment, database, pull_password)
    };
    Namespaces {
        app: app_home,
        database: database_home,
    }
}

fn add_one(
    stack: &mut StackBuilder,
    environment: &Environment,
    name: &str,
    pull_password: Option<&SecretValue>,
) -> Home {
    stack.add_namespace(name);
    let namespace = environment
        .namespaces
        .create
        .then(|| stack.add(&namespace(environment, name), Vec::new()));
    let mut home = Home {
        name: name.to_owned(),
        namespace,
        quota: None,
        pull_secret: None,
    };
    if let Some(settings) = &environment.quota {
        home.quota = Some(stack.add(&quota::quota(environment, name, settings), home.needs()));
    }
    if let (Some(settings), Some(password)) = (&environment.pull_secret, pull_password) {
        let secret = pull_secret::pull_secret(environment, name, settings, password);
        home.pull_secret = Some(stack.add(&secret, home.needs()));
    }
    home
}

/// Builds a namespace that admits only unprivileged pods.
#[must_use]
pub fn namespace(environment: &Environment, name: &str) -> Namespace {
    let mut metadata = metadata(environment, SYSTEM, None, name);
    if let Some(labels) = &mut metadata.labels {
        labels.insert(POD_SECURITY.to_owned(), "restricted".to_owned());
    }
    Namespace {
        metadata,
        ..Namespace::default()
    }
}
