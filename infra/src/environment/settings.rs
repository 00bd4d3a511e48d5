//! A valid environment. Pure: values of these types come from parsing, and building objects from them cannot fail.

use std::path::PathBuf;

use super::image::Image;
use super::names::{
    ClaimName, EnvironmentName, HostDirectory, NamespaceName, NodeName, RegistryServer, StorageClassName,
};
use super::node_port::NodePort;
use super::pull_policy::ImagePullPolicy;
use super::quantity::{ByteQuantity, CpuQuantity};
use engine_core::plan::AllowedEffects;
use engine_core::secret::SecretValue;

/// Everything that differs between environments, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The name of the file without `.toml`.
    pub name: EnvironmentName,
    /// The cluster it lives in.
    pub cluster: ClusterSettings,
    /// The effects that an apply may have without asking.
    pub allowed: AllowedEffects,
    /// Where its record is kept.
    pub record: RecordSettings,
    /// The namespaces of its objects.
    pub namespaces: Namespaces,
    /// The data API.
    pub service: ServiceSettings,
    /// The database.
    pub mongodb: MongodbSettings,
    /// The credentials for pulling images, if the registry needs them.
    pub pull_secret: Option<PullSecret>,
    /// The quota of each namespace.
    pub quota: Option<Quota>,
}

/// The location of an environment, and whether it may be destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The name of the file without `.toml`.
    pub name: EnvironmentName,
    /// The cluster it lives in.
    pub cluster: ClusterSettings,
    /// Where its record is kept.
    pub record: RecordSettings,
}

impl Environment {
    /// Where it is.
    #[must_use]
    pub fn location(&self) -> Location {
        Location {
            name: self.name.clone(),
            cluster: self.cluster.clone(),
            record: self.record.clone(),
        }
    }
}

/// `[cluster]`: the cluster and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSettings {
    /// The context of the kubeconfig; the current context is never used.
    pub context: String,
    /// The kubeconfig; a relative path was resolved against the directory above the environment
    /// files.
    pub kubeconfig: Option<PathBuf>,
    /// The UID of the namespace `kube-system`; another cluster is refused.
    pub id: Option<String>,
    /// Whether a destroy is refused, and an outage needs consent by name.
    pub protected: bool,
}

/// `[record]`: where the record is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSettings {
    /// Never a namespace of an environment, nor one of Kubernetes.
    pub namespace: NamespaceName,
}

/// `[namespaces]`: the namespaces of the objects; never one of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespaces {
    /// The namespace of the data API.
    pub app: NamespaceName,
    /// The namespace of the database; may be the same.
    pub database: NamespaceName,
    /// Whether the namespaces belong to the environment. Otherwise they exist already, and are never adopted or deleted.
    pub create: bool,
}

/// `[service]`: the data API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSettings {
    /// The image of its container; its tag ends in its content where it is built here.
    pub image: Image,
    /// The directory with the Dockerfile of an image that is built here.
    pub build: Option<PathBuf>,
    /// When a node pulls the image.
    pub image_pull_policy: ImagePullPolicy,
    /// The port on every node that leads to it.
    pub node_port: NodePort,
    /// The requests and limits of one pod.
    pub resources: Resources,
    /// How many pods there are.
    pub scale: Scale,
}

/// The number of pods, and who sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Always the same number.
    Fixed {
        /// From 1 to 1000.
        replicas: u16,
    },
    /// The autoscaler decides.
    Autoscaled(Autoscaling),
}

/// `[service.autoscaling]`: the bounds and the target of the autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaling {
    /// From 1 to 1000.
    pub min_replicas: u16,
    /// From `min_replicas` to 1000.
    pub max_replicas: u16,
    /// Mean usage of CPU in percent of the request, below what the limit lets a pod reach.
    pub target_cpu_percent: u16,
}

/// The requests and limits of one container; no request is above its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// The amounts that the scheduler reserves.
    pub requests: ResourceAmounts,
    /// The amounts that are never exceeded.
    pub limits: ResourceAmounts,
}

/// Amounts of CPU and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceAmounts {
    /// CPU, in thousandths of a core.
    pub cpu: CpuQuantity,
    /// Memory, in bytes.
    pub memory: ByteQuantity,
}

/// `[mongodb]`: the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MongodbSettings {
    /// The image of its container.
    pub image: Image,
    /// The requests and limits of its pod.
    pub resources: Resources,
    /// Where its data is.
    pub storage: Storage,
    /// Whether it has a second Service, with a cluster IP.
    pub cluster_ip: bool,
}

/// Where the database's data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In a provisioned volume.
    Provisioned {
        /// The size of the volume, in bytes.
        size: ByteQuantity,
        /// The class of the volume; without one the cluster's default class.
        class: Option<StorageClassName>,
    },
    /// In an existing claim, which is never deleted.
    ExistingClaim(ClaimName),
    /// In a directory of one node.
    HostPath {
        /// The declared size of the volume, in bytes; not enforced.
        size: ByteQuantity,
        /// The directory. It must exist and be owned by the database's user.
        path: HostDirectory,
        /// The node, on which the database then runs.
        node: NodeName,
    },
}

/// `[pull_secret]`: the credentials for pulling images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullSecret {
    /// The registry.
    pub server: RegistryServer,
    /// The user of the registry.
    pub username: String,
    /// The user's password; `None` if the record has it from an earlier apply.
    pub password: Option<SecretValue>,
}

/// `[quota]`: the limits on the sum over all pods of a namespace, for each namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The sum of all requests.
    pub requests: ResourceAmounts,
    /// The sum of all limits.
    pub limits: ResourceAmounts,
}
