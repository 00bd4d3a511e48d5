//! The quota: the total resources of all pods of a namespace. Pure.

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::metadata::{SYSTEM, metadata};
use crate::environment::{Environment, Quota};

/// Builds the quota of a namespace.
#[must_use]
pub fn quota(environment: &Environment, namespace: &str, quota: &Quota) -> ResourceQuota {
    let amount = |name: &str, amount: String| (name.to_owned(), Quantity(amount));
    ResourceQuota {
        metadata: metadata(environment, SYSTEM, Some(namespace), SYSTEM.name),
        spec: Some(ResourceQuotaSpec {
            hard: Some(
                [
                    amount("requests.cpu", quota.requests.cpu.to_string()),
                    amount("requests.memory", quota.requests.memory.to_string()),
                    amount("limits.cpu", quota.limits.cpu.to_string()),
                    amount("limits.memory", quota.limits.memory.to_string()),
                ]
                .into(),
            ),
            ..ResourceQuotaSpec::default()
        }),
        ..ResourceQuota::default()
    }
}
