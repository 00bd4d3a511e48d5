//! The disruption budgets: how many pods of a component a node drain may evict at once. Pure.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::metadata::{Component, metadata, selector};
use super::namespaces::Home;
use crate::environment::Environment;

/// Builds the disruption budget of a component: one pod at a time.
///
/// The single pod of the database gets a budget of one too: a budget of zero would block every drain forever. Pods that are
/// not ready never block a drain.
#[must_use]
pub fn budget(environment: &Environment, component: Component, home: &Home) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: metadata(environment, component, Some(home.name()), component.name),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selector(environment, component)),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}
