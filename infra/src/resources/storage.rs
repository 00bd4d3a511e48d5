//! The storage of the database: a claim from a template, an existing claim, or a directory of a node. Pure.

use k8s_openapi::api::core::v1::{
    HostPathVolumeSource, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, ObjectReference,
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource,
    PersistentVolumeSpec, Volume, VolumeNodeAffinity, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::metadata::{MONGODB, metadata, template_metadata};
use super::namespaces::Home;
use crate::environment::{
    ByteQuantity, ClaimName, Environment, HostDirectory, NodeName, Storage, StorageClassName,
};
use engine_core::object::ObjectId;
use engine_core::stack::{ClaimOrigin, Handle, Need, StackBuilder, id_of};

/// Name of the volume in the pod and of its claim template.
pub const DATA: &str = "data";

/// Name of the claim to a directory of a node.
///
/// Differs from the claim of the template, so that a plan detects a switch between the two: the database would start empty.
const STATIC_CLAIM: &str = "mongodb-data";

/// How the pod mounts its data.
pub enum DataVolume {
    /// The `StatefulSet` creates a claim from its template.
    Template(Box<PersistentVolumeClaim>),
    /// The pod mounts a claim that the stack declares.
    Own(Handle<PersistentVolumeClaim>),
    /// The pod mounts an existing claim.
    Given(ClaimName),
}

impl DataVolume {
    /// The dependencies of the `StatefulSet`.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        match self {
            Self::Own(claim) => vec![claim.applied()],
            Self::Template(_) | Self::Given(_) => Vec::new(),
        }
    }

    /// The claim templates of the `StatefulSet`.
    #[must_use]
    pub fn templates(&self) -> Option<Vec<PersistentVolumeClaim>> {
        match self {
            Self::Template(template) => Some(vec![(**template).clone()]),
            Self::Own(_) | Self::Given(_) => None,
        }
    }

    /// The volume of the pod; `None` if a claim template provides it.
    #[must_use]
    pub fn volume(&self) -> Option<Volume> {
        let claim = match self {
            Self::Template(_) => return None,
            Self::Own(claim) => claim.name(),
            Self::Given(claim) => claim.as_str(),
        };
        Some(Volume {
            name: DATA.to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim.to_owned(),
                ..PersistentVolumeClaimVolumeSource::default()
            }),
            ..Volume::default()
        })
    }
}

/// Adds the objects of the environment's storage to the stack.
pub fn add(stack: &mut StackBuilder, environment: &Environment, home: &Home) -> DataVolume {
    match &environment.mongodb.storage {
        Storage::Provisioned { size, class } => {
            DataVolume::Template(Box::new(template(environment, *size, class.as_ref())))
        }
        Storage::ExistingClaim(name) => DataVolume::Given(name.clone()),
        Storage::HostPath { size, path, node } => {
            let volume = stack.add(&host_volume(environment, *size, path, node), Vec::new());
            let needs = [home.needs(), vec![volume.applied()]].concat();
            DataVolume::Own(stack.add(&static_claim(environment, *size, &volume), needs))
        }
    }
}

/// The claim with the data of the database, and its origin.
#[must_use]
pub fn claim(environment: &Environment) -> (ObjectId, ClaimOrigin) {
    let (name, origin) = match &environment.mongodb.storage {
        Storage::Provisioned { .. } => (format!("{DATA}-{}-0", MONGODB.name), ClaimOrigin::Ours),
        Storage::HostPath { .. } => (STATIC_CLAIM.to_owned(), ClaimOrigin::Ours),
        Storage::ExistingClaim(name) => (name.to_string(), ClaimOrigin::Given),
    };
    let namespace = Some(environment.namespaces.database.as_str());
    (id_of::<PersistentVolumeClaim>(namespace, &name), origin)
}

fn template(
    environment: &Environment,
    size: ByteQuantity,
    class: Option<&StorageClassName>,
) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(DATA.to_owned()),
            ..template_metadata(environment, MONGODB)
        },
        spec: Some(PersistentVolumeClaimSpec {
            storage_class_name: class.map(ToString::to_string),
            ..request(size)
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn request(size: ByteQuantity) -> PersistentVolumeClaimSpec {
    PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
        resources: Some(VolumeResourceRequirements {
            requests: Some([("storage".to_owned(), Quantity(size.to_string()))].into()),
            ..VolumeResourceRequirements::default()
        }),
        volume_mode: Some("Filesystem".to_owned()),
        ..PersistentVolumeClaimSpec::default()
    }
}

/// Builds the claim to the directory of a node. Its class is empty, so that no provisioner creates another volume for it.
#[must_use]
pub fn static_claim(
    environment: &Environment,
    size: ByteQuantity,
    volume: &Handle<PersistentVolume>,
) -> PersistentVolumeClaim {
    let namespace = environment.namespaces.database.as_str();
    PersistentVolumeClaim {
        metadata: metadata(environment, MONGODB, Some(namespace), STATIC_CLAIM),
        spec: Some(PersistentVolumeClaimSpec {
            storage_class_name: Some(String::new()),
            volume_name: Some(volume.name().to_owned()),
            ..request(size)
        }),
        ..PersistentVolumeClaim::default()
    }
}

/// Builds the volume for a directory of a node, reserved for its claim.
///
/// It is cluster-scoped, so its name includes that of the environment. The directory must exist: one that the kubelet creates
/// belongs to root, and the database could not write to it.
#[must_use]
pub fn host_volume(
    environment: &Environment,
    size: ByteQuantity,
    path: &HostDirectory,
    node: &NodeName,
) -> PersistentVolume {
    let name = format!("{}-{STATIC_CLAIM}", environment.name);
    let host_name = NodeSelectorRequirement {
        key: "kubernetes.io/hostname".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_string()]),
    };
    PersistentVolume {
        metadata: metadata(environment, MONGODB, None, &name),
        spec: Some(PersistentVolumeSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            capacity: Some([("storage".to_owned(), Quantity(size.to_string()))].into()),
            claim_ref: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                namespace: Some(environment.namespaces.database.to_string()),
                name: Some(STATIC_CLAIM.to_owned()),
                ..ObjectReference::default()
            }),
            host_path: Some(HostPathVolumeSource {
                path: path.to_string(),
                type_: Some("Directory".to_owned()),
            }),
            node_affinity: Some(VolumeNodeAffinity {
                required: Some(NodeSelector {
                    node_selector_terms: vec![NodeSelectorTerm {
                        match_expressions: Some(vec![host_name]),
                        ..NodeSelectorTerm::default()
                    }],
                }),
            }),
            persistent_volume_reclaim_policy: Some("Retain".to_owned()),
            volume_mode: Some("Filesystem".to_owned()),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    }
}
