//! The guards of a component's pods: their service account and network policy, applied before the pods. Pure.
//!
//! Every builder of pods takes them as an argument, so no pod can be declared without them.

use k8s_openapi::api::core::v1::{LocalObjectReference, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;

use super::metadata::{Component, metadata};
use super::namespaces::Home;
use crate::environment::Environment;
use engine_core::stack::{Handle, Need, StackBuilder};

/// Handles to the guards of a component's pods.
pub struct Guards {
    account: Handle<ServiceAccount>,
    policy: Handle<NetworkPolicy>,
    home: Home,
}

impl Guards {
    /// The dependencies of a workload: its namespace and all its guards.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        let mut needs = self.home.needs_of_pods();
        needs.extend([self.account.applied(), self.policy.applied()]);
        needs
    }

    /// Name of the service account that the pods run under.
    #[must_use]
    pub fn account(&self) -> String {
        self.account.name().to_owned()
    }

    /// The Secret for pulling the images of the pods.
    #[must_use]
    pub fn pull_secrets(&self) -> Option<Vec<LocalObjectReference>> {
        let name = self.home.pull_secret()?.name().to_owned();
        Some(vec![LocalObjectReference { name }])
    }
}

/// Adds the guards of a component to the stack.
pub fn add(
    stack: &mut StackBuilder,
    environment: &Environment,
    component: Component,
    policy: &NetworkPolicy,
    home: &Home,
) -> Guards {
    Guards {
        account: stack.add(&account(environment, component, home), home.needs()),
        policy: stack.add(policy, home.needs()),
        home: home.clone(),
    }
}

/// Builds a service account for a component, with no permissions and no token mounted in its pods.
#[must_use]
pub fn account(environment: &Environment, component: Component, home: &Home) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata(environment, component, Some(home.name()), component.name),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
