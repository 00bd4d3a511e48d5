//! The processes of a sandbox, and how each is started.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ports::Ports;

/// One process of the sandbox; the order is that of starting, and stopping goes the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Component {
    MongoDb,
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    KubeScheduler,
    Kwok,
}

/// The components that are built together, from `go.mod`.
pub(crate) const CONTROL_PLANE: [Component; 5] = [
    Component::Etcd,
    Component::KubeApiserver,
    Component::KubeControllerManager,
    Component::KubeScheduler,
    Component::Kwok,
];

/// How long the data of a sandbox is meant to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Kept over `down` and `up`, and over a crash of the machine.
    Persistent,
    /// Thrown away with the directory: nothing waits for the disk, and processes are killed instead of stopped.
    Temporary,
}

impl Component {
    /// The name of its executable, log and kubeconfig.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MongoDb => "mongod",
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kwok => "kwok",
        }
    }

    /// Where it listens, for people; `None` for kwok, which only calls the API server.
    pub(crate) fn address(self, ports: Ports) -> Option<String> {
        match self {
            Self::MongoDb => Some(format!("mongodb://127.0.0.1:{}", ports.mongodb)),
            Self::Etcd => Some(format!("https://127.0.0.1:{}", ports.etcd)),
            Self::KubeApiserver => Some(format!("https://127.0.0.1:{}", ports.api_server)),
            Self::KubeControllerManager => Some(format!("https://127.0.0.1:{}", ports.controller_manager)),
            Self::KubeScheduler => Some(format!("https://127.0.0.1:{}", ports.scheduler)),
            Self::Kwok => None,
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
