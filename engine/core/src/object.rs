//! Kubernetes objects: identity, content, owners and field managers, desired and live. Pure: no clock, IO or client.

pub mod canonical;
pub mod coverage;
pub mod difference;
pub mod field_managers;
pub mod field_set;
pub mod foreign_fields;
pub mod hash;
pub mod id;
pub mod marks;
pub mod owner;
pub mod packed;
pub mod path;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource, ResourceScope};
use serde_json::Value;
use std::any::TypeId;

use canonical::canonical_json;
pub use difference::{FieldChange, FieldValue, differences};
pub use hash::{HashKey, StateHash};
pub use id::{Identity, Kind, KindNames, ObjectId};

/// A desired object: its identity and the JSON that is sent to the API server, hash annotation included.
///
/// The JSON is held as bytes, which take a tenth of the memory of parsed values. A clone shares them. `Debug` prints the identity
/// only, because the JSON of a Secret holds its values.
#[derive(Clone)]
pub struct Object(Arc<Parts>);

struct Parts {
    id: ObjectId,
    bytes: Bytes,
    hash: StateHash,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id && self.0.bytes == other.0.bytes
    }
}

impl Object {
    /// Takes an object of any kind as JSON and adds its state hash.
    ///
    /// # Panics
    /// When `json` is not an object.
    #[must_use]
    pub fn from_json(kind: &Kind, mut json: Value, key: &HashKey) -> Self {
        let id = ObjectId::of_live(kind, &json);
        let hash = if id.kind.is_secret() {
            StateHash::keyed(&json, key)
        } else {
            StateHash::plain(&json)
        };
        json["metadata"]["annotations"][marks::STATE_HASH] = Value::String(hash.to_string());
        let bytes = Bytes::from(canonical_json(&json));
        Self(Arc::new(Parts { id, bytes, hash }))
    }

    /// The object's identity.
    #[must_use]
    pub fn id(&self) -> &ObjectId {
        &self.0.id
    }

    /// The request body, as canonical JSON. Holds secret values when the object is a Secret.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// The request body, parsed again at every call.
    ///
    /// # Panics
    /// Never: the bytes were written from JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.bytes).expect("the bytes were written as JSON")
    }

    /// The hash in the object's annotation.
    #[must_use]
    pub fn hash(&self) -> &StateHash {
        &self.0.hash
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Object({})", self.0.id)
    }
}

/// Describes the kind of a typed resource.
#[must_use]
pub fn kind_of<K>() -> Kind
where
    K: Resource,
    K::Scope: ResourceScope + 'static,
{
    let scope = TypeId::of::<K::Scope>();
    debug_assert!(
        scope == TypeId::of::<NamespaceResourceScope>() || scope == TypeId::of::<ClusterResourceScope>()
    );
    Kind::from(KindNames {
        group: K::GROUP.to_owned(),
        version: K::VERSION.to_owned(),
        kind: K::KIND.to_owned(),
        plural: K::URL_PATH_SEGMENT.to_owned(),
        namespaced: scope == TypeId::of::<NamespaceResourceScope>(),
    })
}
