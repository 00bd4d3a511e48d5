//! Builds the environment from its values and checks that they do not conflict. Pure.

use std::path::{Path, PathBuf};

use super::image::Image;
use super::names::{ClusterId, EnvironmentName, NamespaceName};
use super::policy;
use super::pull_policy::ImagePullPolicy;
use super::quota;
use super::reader::Reader;
use super::settings::{
    Autoscaling, ClusterSettings, Environment, Location, MongodbSettings, Namespaces, PullSecret, Quota,
    RecordSettings, ResourceAmounts, Resources, Scale, ServiceSettings, Storage,
};
use crate::image::ContentTag;
use engine_core::plan::AllowedEffects;

/// Reads every key; `None` if a fault leaves no value.
///
/// Faults elsewhere do not affect the location.
pub(super) fn environment(
    reader: &mut Reader,
    name: EnvironmentName,
    project: &Path,
) -> (Option<Location>, Option<Environment>) {
    // Reads everything before it returns on a fault, so that all faults are reported.
    let cluster = cluster(reader, project);
    let record = record(reader);
    let namespaces = namespaces(reader, record.as_ref());
    let protected = cluster.as_ref().is_some_and(|cluster| cluster.protected);
    let allowed = policy::read(reader, protected);
    let content = content(reader, allowed, namespaces, project);
    let (Some(cluster), Some(record)) = (cluster, record) else {
        return (None, None);
    };
    let location = Location {
        name,
        cluster,
        record,
    };
    let environment = content.map(|content| content.at(location.clone()));
    (Some(location), environment)
}

/// Everything but the location.
struct Content {
    allowed: AllowedEffects,
    namespaces: Namespaces,
    service: ServiceSettings,
    mongodb: MongodbSettings,
    pull_secret: Option<PullSecret>,
    quota: Option<Quota>,
}

impl Content {
    fn at(self, location: Location) -> Environment {
        Environment {
            name: location.name,
            cluster: location.cluster,
            allowed: self.allowed,
            record: location.record,
            namespaces: self.namespaces,
            service: self.service,
            mongodb: self.mongodb,
            pull_secret: self.pull_secret,
            quota: self.quota,
        }
    }
}

fn content(
    reader: &mut Reader,
    allowed: Option<AllowedEffects>,
    namespaces: Option<Namespaces>,
    project: &Path,
) -> Option<Content> {
    let service = service(reader, project);
    let mongodb = mongodb(reader);
    let pull_secret = pull_secret(reader);
    let quota = quota::read(reader);
    if let (Some(Some(quota)), Some(namespaces), Some(service), Some(mongodb)) =
        (&quota, &namespaces, &service, &mongodb)
    {
        quota::check(reader, quota, namespaces, service, mongodb);
    }
    Some(Content {
        allowed: allowed?,
        namespaces: namespaces?,
        service: service?,
        mongodb: mongodb?,
        pull_secret: pull_secret?,
        quota: quota?,
    })
}

fn cluster(reader: &mut Reader, project: &Path) -> Option<ClusterSettings> {
    let context = reader.value("cluster.context");
    let kubeconfig = reader.optional::<PathBuf>("cluster.kubeconfig");
    let id = reader.optional::<ClusterId>("cluster.id");
    let protected = reader.value("cluster.protected");
    if let Some(Some(path)) = &kubeconfig
        && path.starts_with("~")
    {
        reader.conflict(
            &["cluster.kubeconfig"],
            "`cluster.kubeconfig` begins with `~`",
            "`~` is not expanded: write the full path, or omit the key to use `~/.kube/config`",
        );
    }
    Some(ClusterSettings {
        context: context?,
        kubeconfig: kubeconfig?.map(|path| project.join(path)),
        id: id?.map(|id| id.as_str().to_owned()),
        protected: protected?,
    })
}

fn record(reader: &mut Reader) -> Option<RecordSettings> {
    let namespace = own_namespace(reader, "record.namespace");
    Some(RecordSettings {
        namespace: namespace?,
    })
}

fn namespaces(reader: &mut Reader, record: Option<&RecordSettings>) -> Option<Namespaces> {
    let app = own_namespace(reader, "namespaces.app");
    let database = own_namespace(reader, "namespaces.database");
    let create = reader.value("namespaces.create");
    for (path, namespace) in [("namespaces.app", &app), ("namespaces.database", &database)] {
        if let (Some(namespace), Some(record)) = (namespace, record)
            && *namespace == record.namespace
        {
            let title = format!("`{path}` is the namespace of the record");
            let label = "the record must outlive the namespaces of the environment";
            reader.conflict(&[path, "record.namespace"], title, label);
        }
    }
    Some(Namespaces {
        app: app?,
        database: database?,
        create: create?,
    })
}

/// Reads a namespace and reports a fault if Kubernetes reserves it.
fn own_namespace(reader: &mut Reader, path: &str) -> Option<NamespaceName> {
    let namespace: NamespaceName = reader.value(path)?;
    if namespace.is_reserved() {
        reader.conflict(
            &[path],
            format!("`{path}` is a namespace reserved for Kubernetes"),
            "choose another namespace",
        );
    }
    Some(namespace)
}

fn service(reader: &mut Reader, project: &Path) -> Option<ServiceSettings> {
    let image = reader.value("service.image");
    let image_pull_policy = reader.value("service.image_pull_policy");
    let build = build(reader, image.as_ref(), image_pull_policy);
    let node_port = reader.value("service.node_port");
    let resources = resources(reader, "service");
    let scale = scale(reader, resources.as_ref());
    Some(ServiceSettings {
        image: image?,
        build: build?.then(|| project.to_owned()),
        image_pull_policy: image_pull_policy?,
        node_port: node_port?,
        resources: resources?,
        scale: scale?,
    })
}

fn build(reader: &mut Reader, image: Option<&Image>, policy: Option<ImagePullPolicy>) -> Option<bool> {
    const BUILD: &str = "service.build";
    let build = reader.value(BUILD)?;
    if build && image.is_some_and(|image| image.with_content(&ContentTag::of(Vec::new())).is_none()) {
        reader.conflict(
            &["service.image", BUILD],
            "`service.image` cannot be tagged by its content",
            "an image that is built here needs a tag with room for 13 more characters, and no digest",
        );
    }
    if build && policy == Some(ImagePullPolicy::Always) {
        reader.conflict(
            &["service.image_pull_policy", BUILD],
            "`service.image_pull_policy` is `Always`, but the image is built here",
            "it is in no registry: use `Never` or `IfNotPresent`",
        );
    }
    Some(build)
}

fn scale(reader: &mut Reader, resources: Option<&Resources>) -> Option<Scale> {
    let replicas = reader.value("service.replicas");
    if !reader.is_said("service.autoscaling") {
        return Some(Scale::Fixed { replicas: replicas? });
    }
    if reader.is_said("service.replicas") {
        reader.conflict(
            &["service.replicas"],
            "`service.replicas` conflicts with `[service.autoscaling]`",
            "the autoscaler sets the number: keep one of the two",
        );
    }
    autoscaling(reader, resources).map(Scale::Autoscaled)
}

fn autoscaling(reader: &mut Reader, resources: Option<&Resources>) -> Option<Autoscaling> {
    const MINIMUM: &str = "service.autoscaling.min_replicas";
    const MAXIMUM: &str = "service.autoscaling.max_replicas";
    const TARGET: &str = "service.autoscaling.target_cpu_percent";
    let minimum: Option<u16> = reader.value(MINIMUM);
    let maximum: Option<u16> = reader.value(MAXIMUM);
    let target: Option<u16> = reader.value(TARGET);
    if let (Some(minimum), Some(maximum)) = (minimum, maximum)
        && minimum > maximum
    {
        let title = format!("`{MINIMUM}` is more than `max_replicas`");
        reader.conflict(
            &[MINIMUM, MAXIMUM],
            title,
            format!("`{minimum}` is more than `{maximum}`"),
        );
    }
    if let (Some(target), Some(resources)) = (target, resources) {
        let request = resources.requests.cpu.millicores();
        let limit = resources.limits.cpu.millicores();
        // The limit caps usage at this share of the request.
        let reachable = u128::from(limit) * 100 / u128::from(request);
        if request <= limit && u128::from(target) >= reachable {
            reader.conflict(
                &[TARGET, "service.limits.cpu", "service.requests.cpu"],
                format!("`{TARGET}` can never be exceeded"),
                format!("`service.limits.cpu` caps a pod at {reachable} % of its request"),
            );
        }
    }
    Some(Autoscaling {
        min_replicas: minimum?,
        max_replicas: maximum?,
        target_cpu_percent: target?,
    })
}

fn mongodb(reader: &mut Reader) -> Option<MongodbSettings> {
    let image = reader.value("mongodb.image");
    let resources = resources(reader, "mongodb");
    let storage = storage(reader);
    let cluster_ip = reader.value("mongodb.cluster_ip");
    Some(MongodbSettings {
        image: image?,
        resources: resources?,
        storage: storage?,
        cluster_ip: cluster_ip?,
    })
}

/// Reads which of the three kinds of storage holds the data.
fn storage(reader: &mut Reader) -> Option<Storage> {
    const SIZE: &str = "mongodb.storage";
    const CLASS: &str = "mongodb.storage_class";
    const CLAIM: &str = "mongodb.existing_claim";
    const DIRECTORY: &str = "mongodb.host_path";
    let size = reader.value(SIZE);
    let class = reader.optional(CLASS);
    let claim = reader.optional(CLAIM);
    if reader.is_said(CLAIM) {
        for beside in [SIZE, CLASS, DIRECTORY] {
            one_storage(
                reader,
                CLAIM,
                beside,
                "an existing claim defines its storage: keep one of the two",
            );
        }
    }
    if reader.is_said(DIRECTORY) {
        one_storage(
            reader,
            DIRECTORY,
            CLASS,
            "a directory has no class: keep one of the two",
        );
        let path = reader.value("mongodb.host_path.path");
        let node = reader.value("mongodb.host_path.node");
        return Some(Storage::HostPath {
            size: size?,
            path: path?,
            node: node?,
        });
    }
    match claim? {
        Some(claim) => Some(Storage::ExistingClaim(claim)),
        None => Some(Storage::Provisioned {
            size: size?,
            class: class?,
        }),
    }
}

fn one_storage(reader: &mut Reader, chosen: &str, beside: &str, label: &str) {
    if reader.is_said(beside) {
        reader.conflict(&[beside], format!("`{beside}` conflicts with `{chosen}`"), label);
    }
}

/// Reads the pull secret; the inner `None` means that the environment needs none.
///
/// The password variable alone declares none: it may be set for another environment.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether reading succeeded, the inner one is the value"
)]
fn pull_secret(reader: &mut Reader) -> Option<Option<PullSecret>> {
    const SERVER: &str = "pull_secret.server";
    const USERNAME: &str = "pull_secret.username";
    let password = reader.optional("pull_secret.password");
    if !reader.has_table("pull_secret") && !reader.is_said(SERVER) && !reader.is_said(USERNAME) {
        return password.map(|_| None);
    }
    let server = reader.value(SERVER);
    let username = reader.value(USERNAME);
    Some(Some(PullSecret {
        server: server?,
        username: username?,
        password: password?,
    }))
}

fn resources(reader: &mut Reader, component: &str) -> Option<Resources> {
    let requests = amounts(reader, &format!("{component}.requests"));
    let limits = amounts(reader, &format!("{component}.limits"));
    let resources = Resources {
        requests: requests?,
        limits: limits?,
    };
    let Resources { requests, limits } = &resources;
    if requests.cpu > limits.cpu {
        above_limit(reader, component, "cpu", requests.cpu, limits.cpu);
    }
    if requests.memory > limits.memory {
        above_limit(reader, component, "memory", requests.memory, limits.memory);
    }
    Some(resources)
}

fn above_limit(
    reader: &mut Reader,
    component: &str,
    resource: &str,
    request: impl std::fmt::Display,
    limit: impl std::fmt::Display,
) {
    let [requested, limited] = ["requests", "limits"].map(|kind| format!("{component}.{kind}.{resource}"));
    let title = format!("`{requested}` is more than `{limited}`");
    reader.conflict(
        &[&requested, &limited],
        title,
        format!("`{request}` is more than `{limit}`"),
    );
}

fn amounts(reader: &mut Reader, table: &str) -> Option<ResourceAmounts> {
    let cpu = reader.value(&format!("{table}.cpu"));
    let memory = reader.value(&format!("{table}.memory"));
    Some(ResourceAmounts {
        cpu: cpu?,
        memory: memory?,
    })
}
