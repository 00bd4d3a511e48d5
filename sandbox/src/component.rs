//! The processes of a sandbox.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ports::Ports;

/// One process of the sandbox. The variants are in starting order; stopping reverses it.
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

/// The components that `go.mod` pins and one build produces.
pub(crate) const CONTROL_PLANE: [Component; 5] = [
    Component::Etcd,
    Component::KubeApiserver,
    Component::KubeControllerManager,
    Component::KubeScheduler,
    Component::Kwok,
];

/// The lifetime of a sandbox's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives `down`, `up` and a crash of the machine.
    Persistent,
    /// Deleted with the directory, so writes skip fsync and processes are killed instead of stopped.
    Temporary,
}

impl Component {
    /// The name of the executable, the log and the kubeconfig.
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

    /// The address to display; `None` for kwok, which only calls the API server.
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
