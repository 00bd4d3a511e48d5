//! The data API: its Deployment, its Service, and the Secret with the database's URI. Pure.

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, HTTPGetAction, Lifecycle, LifecycleHandler, PodSpec, PodTemplateSpec,
    Probe, Secret, Service, ServicePort, ServiceSpec, SleepAction, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::guards::Guards;
use super::metadata::{API, metadata, selector, selector_labels, template_metadata};
use super::mongodb;
use super::pods::{
    TEMPORARY, container_security, empty_volume, mount, mount_read_only, pod_security, resources,
    secret_volume,
};
use crate::environment::{Environment, Namespaces, Scale};
use engine_core::secret::SecretValue;
use engine_core::stack::Handle;

/// Port of the data API, in the pod and of its Service.
pub const PORT: i32 = 5000;

/// User and group that the image runs as.
const USER: i64 = 65532;

/// Name of the Secret with the URI of the database, and of its entry.
const URI_SECRET: &str = "api-mongodb";
const URI_ENTRY: &str = "uri";
const URI_DIRECTORY: &str = "/run/secrets/mongodb";

/// Seconds that a terminating pod keeps serving, so that every node learns to send it no more requests.
const LEAVE_SECONDS: i64 = 5;

/// Grace period of a pod in seconds: [`LEAVE_SECONDS`], 5 s in which the process drains, 30 s for requests in flight, and 5 s
/// of slack so that it exits without being killed.
const GRACE_SECONDS: i64 = LEAVE_SECONDS + 5 + 30 + 5;

/// Topology keys that the pods are spread over, as evenly as possible.
const SPREAD_OVER: [&str; 2] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];

/// Builds the Secret with the URI by which the data API reaches its database.
///
/// The host is the name of the database's Service, fully qualified if the database is in another namespace.
#[must_use]
pub fn uri_secret(environment: &Environment, password: &SecretValue, database: &Handle<Service>) -> Secret {
    let Namespaces {
        app, database: home, ..
    } = &environment.namespaces;
    let host = if app == home {
        database.name().to_owned()
    } else {
        format!("{}.{home}.svc.cluster.local", database.name())
    };
    let uri = format!(
        "mongodb://{user}:{password}@{host}:{port}/{name}?authSource={name}",
        user = mongodb::APPLICATION_USER,
        password = utf8_percent_encode(password.expose(), NON_ALPHANUMERIC),
        port = mongodb::PORT,
        name = mongodb::DATABASE,
    );
    Secret {
        metadata: metadata(
            environment,
            API,
            Some(environment.namespaces.app.as_str()),
            URI_SECRET,
        ),
        type_: Some("Opaque".to_owned()),
        data: Some([(URI_ENTRY.to_owned(), ByteString(uri.into_bytes()))].into()),
        ..Secret::default()
    }
}

/// Builds the Service that exposes the data API on a port of every node.
#[must_use]
pub fn node_port_service(environment: &Environment) -> Service {
    Service {
        metadata: metadata(
            environment,
            API,
            Some(environment.namespaces.app.as_str()),
            API.name,
        ),
        spec: Some(ServiceSpec {
            type_: Some("NodePort".to_owned()),
            selector: Some(selector_labels(environment, API)),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: PORT,
                target_port: Some(IntOrString::String("http".to_owned())),
                node_port: Some(i32::from(environment.service.node_port.number())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// Builds the Deployment of the data API. Leaves out `replicas` if an autoscaler sets it.
#[must_use]
pub fn deployment(environment: &Environment, guards: &Guards, uri: &Handle<Secret>) -> Deployment {
    let replicas = match &environment.service.scale {
        Scale::Fixed { replicas } => Some(i32::from(*replicas)),
        Scale::Autoscaled(_) => None,
    };
    Deployment {
        metadata: metadata(
            environment,
            API,
            Some(environment.namespaces.app.as_str()),
            API.name,
        ),
        spec: Some(DeploymentSpec {
            replicas,
            selector: selector(environment, API),
            strategy: Some(without_outage()),
            template: PodTemplateSpec {
                metadata: Some(template_metadata(environment, API)),
                spec: Some(pod(environment, guards, uri)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// Stops an old pod only after a new one is ready.
fn without_outage() -> DeploymentStrategy {
    DeploymentStrategy {
        type_: Some("RollingUpdate".to_owned()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(1)),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
    }
}

fn pod(environment: &Environment, guards: &Guards, uri: &Handle<Secret>) -> PodSpec {
    PodSpec {
        service_account_name: Some(guards.account()),
        image_pull_secrets: guards.pull_secrets(),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(pod_security(USER)),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        topology_spread_constraints: Some(SPREAD_OVER.map(|key| spread(environment, key)).to_vec()),
        containers: vec![container(environment)],
        volumes: Some(vec![
            secret_volume("mongodb-uri", uri.name()),
            empty_volume("temporary"),
        ]),
        ..PodSpec::default()
    }
}

/// Spreads pods evenly over the topology, counting old and new pods separately. Best effort: never leaves a pod pending.
fn spread(environment: &Environment, key: &str) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(selector(environment, API)),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..TopologySpreadConstraint::default()
    }
}

fn container(environment: &Environment) -> Container {
    Container {
        name: API.name.to_owned(),
        image: Some(environment.service.image.to_string()),
        image_pull_policy: Some(environment.service.image_pull_policy.as_str().to_owned()),
        env: Some(vec![EnvVar {
            name: "MONGODB_URI_FILE".to_owned(),
            value: Some(format!("{URI_DIRECTORY}/{URI_ENTRY}")),
            ..EnvVar::default()
        }]),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: PORT,
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        // Checks only the process: restarting a pod because its database is down would not help.
        liveness_probe: Some(probe("/livez", 10, 3)),
        readiness_probe: Some(probe("/readyz", 5, 2)),
        startup_probe: Some(probe("/livez", 1, 30)),
        lifecycle: Some(leave_before_ending()),
        resources: Some(resources(&environment.service.resources)),
        security_context: Some(container_security()),
        volume_mounts: Some(vec![
            mount_read_only("mongodb-uri", URI_DIRECTORY),
            mount("temporary", TEMPORARY),
        ]),
        ..Container::default()
    }
}

/// Lets the kubelet sleep, because the image has no shell.
fn leave_before_ending() -> Lifecycle {
    Lifecycle {
        pre_stop: Some(LifecycleHandler {
            sleep: Some(SleepAction {
                seconds: LEAVE_SECONDS,
            }),
            ..LifecycleHandler::default()
        }),
        ..Lifecycle::default()
    }
}

fn probe(path: &str, period_seconds: i32, failure_threshold: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("http".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(3),
        failure_threshold: Some(failure_threshold),
        ..Probe::default()
    }
}
