//! The settings that all pods share: no privileges, and limited resources. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, EmptyDirVolumeSource, PodSecurityContext, ResourceRequirements,
    SeccompProfile, SecretVolumeSource, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::environment::Resources;

/// The directory that pods can write to besides their data.
pub const TEMPORARY: &str = "/tmp";

/// Size limit of an `emptyDir` volume: it holds logs and sockets, not data.
const EMPTY_VOLUME_SIZE: &str = "64Mi";

/// Ephemeral storage that a container requests: what it typically writes.
const EPHEMERAL_REQUEST: &str = "64Mi";

/// Ephemeral storage at which a pod is evicted: the five logs of 10 MiB that a kubelet keeps, and two full volumes.
const EPHEMERAL_LIMIT: &str = "256Mi";

/// Runs a pod as an unprivileged user whose group owns its volumes.
#[must_use]
pub fn pod_security(user: i64) -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        run_as_group: Some(user),
        fs_group: Some(user),
        // Otherwise every start walks the whole volume, however large.
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    }
}

/// Drops every privilege of a container.
#[must_use]
pub fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        ..SecurityContext::default()
    }
}

/// The resource requests and limits of a container.
#[must_use]
pub fn resources(resources: &Resources) -> ResourceRequirements {
    let amounts = |cpu: String, memory: String, ephemeral: &str| {
        BTreeMap::from([
            ("cpu".to_owned(), Quantity(cpu)),
            ("memory".to_owned(), Quantity(memory)),
            ("ephemeral-storage".to_owned(), Quantity(ephemeral.to_owned())),
        ])
    };
    ResourceRequirements {
        requests: Some(amounts(
            resources.requests.cpu.to_string(),
            resources.requests.memory.to_string(),
            EPHEMERAL_REQUEST,
        )),
        limits: Some(amounts(
            resources.limits.cpu.to_string(),
            resources.limits.memory.to_string(),
            EPHEMERAL_LIMIT,
        )),
        ..ResourceRequirements::default()
    }
}

/// A volume that is empty whenever the pod starts.
#[must_use]
pub fn empty_volume(name: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(EMPTY_VOLUME_SIZE.to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// A volume with the entries of a Secret as files that only the pod's group can read.
#[must_use]
pub fn secret_volume(name: &str, secret: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            default_mode: Some(0o440),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// A volume with the entries of a `ConfigMap` as files.
#[must_use]
pub fn config_volume(name: &str, config_map: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: config_map.to_owned(),
            default_mode: Some(0o444),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Mounts a volume read-write.
#[must_use]
pub fn mount(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
}

/// Mounts a volume read-only.
#[must_use]
pub fn mount_read_only(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        read_only: Some(true),
        ..mount(volume, path)
    }
}
