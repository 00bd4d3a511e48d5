//! The autoscaler of the data API. Pure.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};

use super::metadata::{API, metadata};
use crate::environment::{Autoscaling, Environment};
use engine_core::stack::Handle;

/// Builds the autoscaler that scales the data API by CPU utilization.
#[must_use]
pub fn autoscaler(
    environment: &Environment,
    autoscaling: &Autoscaling,
    target: &Handle<Deployment>,
) -> HorizontalPodAutoscaler {
    let namespace = environment.namespaces.app.as_str();
    HorizontalPodAutoscaler {
        metadata: metadata(environment, API, Some(namespace), API.name),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some(target.id().kind.api_version()),
                kind: target.id().kind.kind.clone(),
                name: target.name().to_owned(),
            },
            min_replicas: Some(i32::from(autoscaling.min_replicas)),
            max_replicas: i32::from(autoscaling.max_replicas),
            metrics: Some(vec![MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource {
                    name: "cpu".to_owned(),
                    target: MetricTarget {
                        type_: "Utilization".to_owned(),
                        average_utilization: Some(i32::from(autoscaling.target_cpu_percent)),
                        ..MetricTarget::default()
                    },
                }),
                ..MetricSpec::default()
            }]),
            ..HorizontalPodAutoscalerSpec::default()
        }),
        ..HorizontalPodAutoscaler::default()
    }
}
