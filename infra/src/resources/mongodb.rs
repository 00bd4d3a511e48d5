//! The database: its `StatefulSet`, its Services, its users and the scripts that create them. Pure.

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::{
    StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec,
};
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, ContainerPort, ExecAction, PodSpec, PodTemplateSpec, Probe, Secret, Service,
    ServicePort, ServiceSpec, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::guards::Guards;
use super::metadata::{MONGODB, metadata, selector, selector_labels, template_metadata};
use super::pods::{
    TEMPORARY, config_volume, container_security, empty_volume, mount, mount_read_only, pod_security,
    resources, secret_volume,
};
use super::storage::{DATA, DataVolume};
use crate::environment::Environment;
use engine_core::secret::SecretValue;
use engine_core::stack::Handle;

/// Port of the database.
pub const PORT: i32 = 27017;

/// The database that holds the documents of the data API and authenticates its user.
pub const DATABASE: &str = "flask_db";

/// The user that the data API logs in as; it can only read and write [`DATABASE`].
pub const APPLICATION_USER: &str = "api";

/// Name of the Secret with the passwords.
pub const USERS: &str = "mongodb-users";
/// Entry of [`USERS`] with the password of `root`.
pub const ROOT_ENTRY: &str = "root-password";
/// Entry of [`USERS`] with the password of [`APPLICATION_USER`].
pub const APPLICATION_ENTRY: &str = "application-password";

/// Name of the Service with a cluster IP.
const CLUSTER_SERVICE: &str = "mongodb-cluster-ip";

const SCRIPTS: &str = "mongodb-scripts";
const SCRIPTS_DIRECTORY: &str = "/scripts";
const USERS_DIRECTORY: &str = "/run/secrets/mongodb-users";
const DATA_DIRECTORY: &str = "/data/db";

/// Creates the users; runs in the init container before every start of the database.
const USERS_SCRIPT: &str = include_str!("mongodb/users.sh");
/// The `mongosh` program that the script runs.
const USERS_PROGRAM: &str = include_str!("mongodb/users.js");
/// Pings the running database.
const PING_SCRIPT: &str = include_str!("mongodb/ping.sh");

/// User and group that the database runs as. Any but root works: the volume is given to this group.
const USER: i64 = 10999;

/// On shutdown the database flushes its cache; half a minute is ample for 0.25 GB.
const GRACE_SECONDS: i64 = 60;

/// Builds the Secret with the passwords of the database's users.
#[must_use]
pub fn users(environment: &Environment, root: &SecretValue, application: &SecretValue) -> Secret {
    let entry = |name: &str, password: &str| (name.to_owned(), ByteString(password.into()));
    Secret {
        metadata: named(environment, USERS),
        type_: Some("Opaque".to_owned()),
        data: Some(
            [
                entry(ROOT_ENTRY, root.expose()),
                entry(APPLICATION_ENTRY, application.expose()),
            ]
            .into(),
        ),
        ..Secret::default()
    }
}

/// Builds the `ConfigMap` with the scripts that the pod runs.
#[must_use]
pub fn scripts(environment: &Environment) -> ConfigMap {
    let entry = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    ConfigMap {
        metadata: named(environment, SCRIPTS),
        data: Some(
            [
                entry("users.sh", USERS_SCRIPT),
                entry("users.js", USERS_PROGRAM),
                entry("ping.sh", PING_SCRIPT),
            ]
            .into(),
        ),
        ..ConfigMap::default()
    }
}

/// Builds the headless Service that gives the database's pod a DNS name.
#[must_use]
pub fn headless_service(environment: &Environment) -> Service {
    let mut service = cluster_service(environment);
    service.metadata.name = Some(MONGODB.name.to_owned());
    if let Some(spec) = &mut service.spec {
        spec.type_ = None;
        spec.cluster_ip = Some("None".to_owned());
    }
    service
}

/// Builds the Service that gives the database a cluster IP, which stays when its pod is replaced.
#[must_use]
pub fn cluster_service(environment: &Environment) -> Service {
    Service {
        metadata: named(environment, CLUSTER_SERVICE),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(selector_labels(environment, MONGODB)),
            ports: Some(vec![ServicePort {
                name: Some("mongodb".to_owned()),
                port: PORT,
                target_port: Some(IntOrString::String("mongodb".to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// Builds the `StatefulSet` that runs the database.
#[must_use]
pub fn stateful_set(
    environment: &Environment,
    guards: &Guards,
    users: &Handle<Secret>,
    scripts: &Handle<ConfigMap>,
    service: &Handle<Service>,
    data: &DataVolume,
) -> StatefulSet {
    StatefulSet {
        metadata: named(environment, MONGODB.name),
        spec: Some(StatefulSetSpec {
            replicas: Some(1),
            service_name: Some(service.name().to_owned()),
            selector: selector(environment, MONGODB),
            template: PodTemplateSpec {
                metadata: Some(template_metadata(environment, MONGODB)),
                spec: Some(pod(environment, guards, users, scripts, data)),
            },
            volume_claim_templates: data.templates(),
            persistent_volume_claim_retention_policy: Some(keep_claims()),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

/// Keeps claims when the `StatefulSet` is deleted or scaled down.
fn keep_claims() -> StatefulSetPersistentVolumeClaimRetentionPolicy {
    StatefulSetPersistentVolumeClaimRetentionPolicy {
        when_deleted: Some("Retain".to_owned()),
        when_scaled: Some("Retain".to_owned()),
    }
}

fn named(environment: &Environment, name: &str) -> ObjectMeta {
    let namespace = environment.namespaces.database.as_str();
    metadata(environment, MONGODB, Some(namespace), name)
}

fn pod(
    environment: &Environment,
    guards: &Guards,
    users: &Handle<Secret>,
    scripts: &Handle<ConfigMap>,
    data: &DataVolume,
) -> PodSpec {
    let volumes = [
        secret_volume("users", users.name()),
        config_volume("scripts", scripts.name()),
        empty_volume("configuration"),
        empty_volume("temporary"),
    ];
    PodSpec {
        service_account_name: Some(guards.account()),
        image_pull_secrets: guards.pull_secrets(),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(pod_security(USER)),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        init_containers: Some(vec![users_container(environment)]),
        containers: vec![database_container(environment)],
        volumes: Some(volumes.into_iter().chain(data.volume()).collect()),
        ..PodSpec::default()
    }
}

/// Creates or repairs the users at every start, so that the next start recovers from a crash at any point.
fn users_container(environment: &Environment) -> Container {
    let mut container = container(environment, "users");
    container.command = Some(words(&["bash", &format!("{SCRIPTS_DIRECTORY}/users.sh")]));
    if let Some(mounts) = &mut container.volume_mounts {
        mounts.push(mount_read_only("users", USERS_DIRECTORY));
    }
    container
}

fn database_container(environment: &Environment) -> Container {
    let mut container = container(environment, MONGODB.name);
    container.command = Some(words(&["mongod"]));
    // Set explicitly: some versions size the cache by the memory of the host, not of the pod.
    container.args = Some(words(&[
        "--auth",
        "--bind_ip_all",
        "--wiredTigerCacheSizeGB",
        "0.25",
    ]));
    container.ports = Some(vec![ContainerPort {
        name: Some("mongodb".to_owned()),
        container_port: PORT,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }]);
    container.startup_probe = Some(Probe {
        tcp_socket: Some(tcp_socket()),
        period_seconds: Some(2),
        failure_threshold: Some(150),
        ..Probe::default()
    });
    container.liveness_probe = Some(Probe {
        tcp_socket: Some(tcp_socket()),
        period_seconds: Some(20),
        timeout_seconds: Some(5),
        failure_threshold: Some(6),
        ..Probe::default()
    });
    container.readiness_probe = Some(Probe {
        exec: Some(ExecAction {
            command: Some(words(&["bash", &format!("{SCRIPTS_DIRECTORY}/ping.sh")])),
        }),
        period_seconds: Some(5),
        timeout_seconds: Some(5),
        failure_threshold: Some(3),
        ..Probe::default()
    });
    container
}

fn container(environment: &Environment, name: &str) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(environment.mongodb.image.to_string()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        resources: Some(resources(&environment.mongodb.resources)),
        security_context: Some(container_security()),
        volume_mounts: Some(vec![
            mount(DATA, DATA_DIRECTORY),
            mount("configuration", "/data/configdb"),
            mount("temporary", TEMPORARY),
            mount_read_only("scripts", SCRIPTS_DIRECTORY),
        ]),
        ..Container::default()
    }
}

fn tcp_socket() -> TCPSocketAction {
    TCPSocketAction {
        port: IntOrString::String("mongodb".to_owned()),
        ..TCPSocketAction::default()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
