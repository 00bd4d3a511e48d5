//! One Kubernetes object as this program wants it. Pure: no clock, IO or client.

pub mod belonging;
pub mod canonical;
pub mod coverage;
pub mod difference;
pub mod hash;
pub mod id;
pub mod marks;
pub mod ownership;
pub mod path;

use std::fmt;

use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource, ResourceScope};
use serde::Serialize;
use serde_json::Value;
use std::any::TypeId;

pub use difference::{FieldChange, FieldValue, differences};
pub use hash::{HashKey, StateHash};
pub use id::{Kind, ObjectId};

/// A desired object: its identity and the JSON that is sent to the API server, hash annotation included.
///
/// `Debug` prints the identity only, because the JSON of a Secret holds its values.
#[derive(Clone, PartialEq)]
pub struct Object {
    id: ObjectId,
    json: Value,
    hash: StateHash,
}

impl Object {
    /// Takes a typed resource and adds its state hash, keyed with `key` when it is a Secret.
    ///
    /// # Panics
    /// Never for the types of `k8s-openapi`: they serialise to JSON objects with string keys and carry a name.
    #[must_use]
    pub fn new<K>(resource: &K, key: &HashKey) -> Self
    where
        K: Resource + Serialize,
        K::Scope: ResourceScope + 'static,
    {
        let json = serde_json::to_value(resource).expect("typed resources serialise to JSON");
        Self::from_json(kind_of::<K>(), json, key)
    }

    /// Takes an object of any kind as JSON and adds its state hash.
    ///
    /// # Panics
    /// When `json` is not an object.
    #[must_use]
    pub fn from_json(kind: Kind, mut json: Value, key: &HashKey) -> Self {
        let metadata = |field: &str| json["metadata"][field].as_str().map(str::to_owned);
        let id = ObjectId {
            namespace: metadata("namespace").filter(|_| kind.namespaced),
            name: metadata("name").unwrap_or_default(),
            kind,
        };
        let hash = if id.kind.is_secret() {
            StateHash::keyed(&json, key)
        } else {
            StateHash::plain(&json)
        };
        json["metadata"]["annotations"][marks::STATE_HASH] = Value::String(hash.to_string());
        Self { id, json, hash }
    }

    /// Who the object is.
    #[must_use]
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    /// What is sent to the API server. Holds secret values when the object is a Secret.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The hash that stands in the object's annotation.
    #[must_use]
    pub fn hash(&self) -> &StateHash {
        &self.hash
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Object({})", self.id)
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
    Kind {
        group: K::GROUP.to_owned(),
        version: K::VERSION.to_owned(),
        kind: K::KIND.to_owned(),
        plural: K::URL_PATH_SEGMENT.to_owned(),
        namespaced: scope == TypeId::of::<NamespaceResourceScope>(),
    }
}
