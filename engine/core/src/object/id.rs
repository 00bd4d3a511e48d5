//! Names of kinds and of objects. Pure.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A kind as the API server serves it: enough to build the URL of any object without discovery.
///
/// Two kinds are equal when group and name are: the same objects are served in several versions. A clone shares the names,
/// because every object carries its kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "KindNames", into = "KindNames")]
pub struct Kind(Arc<KindNames>);

/// The names of a kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KindNames {
    /// API group; empty for the core group.
    pub group: String,
    /// Version within the group, such as `v1`.
    pub version: String,
    /// The kind's name in objects, such as `Deployment`.
    pub kind: String,
    /// The kind's name in URLs, such as `deployments`.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl From<KindNames> for Kind {
    fn from(names: KindNames) -> Self {
        Self(Arc::new(names))
    }
}

impl From<Kind> for KindNames {
    fn from(kind: Kind) -> Self {
        Arc::unwrap_or_clone(kind.0)
    }
}

impl Deref for Kind {
    type Target = KindNames;

    fn deref(&self) -> &KindNames {
        &self.0
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.key() == other.key()
    }
}

impl Eq for Kind {}

impl Hash for Kind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Kind {
    fn key(&self) -> (&str, &str) {
        (&self.group, &self.kind)
    }

    /// Copies the kind in another version.
    #[must_use]
    pub fn in_version(&self, version: &str) -> Self {
        Self::from(KindNames {
            version: version.to_owned(),
            ..KindNames::clone(self)
        })
    }

    /// The `apiVersion` of the kind's objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether this is the core Secret. Its values are never shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.is("", "Secret")
    }

    /// Whether this is the core Namespace.
    #[must_use]
    pub fn is_namespace(&self) -> bool {
        self.is("", "Namespace")
    }

    /// Whether this kind is `kind` of `group`, in any version.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

/// An object's identity: kind, namespace and name. Written `Deployment/app/api` or `Namespace/app`.
///
/// A clone shares the names: stack, observations, plan and events all refer to objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Identity", into = "Identity")]
pub struct ObjectId(Arc<Identity>);

/// The names that identify an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectId {
    /// Identifies a live object of a known kind: items of lists carry none.
    #[must_use]
    pub fn of_live(kind: &Kind, object: &Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
        Self::from(Identity {
            kind: kind.clone(),
            namespace: text("namespace").filter(|_| kind.namespaced),
            name: text("name").unwrap_or_default(),
        })
    }
}

impl From<Identity> for ObjectId {
    fn from(identity: Identity) -> Self {
        Self(Arc::new(identity))
    }
}

impl From<ObjectId> for Identity {
    fn from(id: ObjectId) -> Self {
        Arc::unwrap_or_clone(id.0)
    }
}

impl Deref for ObjectId {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = &self.kind.kind;
        let text = match &self.namespace {
            Some(namespace) => format!("{kind}/{namespace}/{}", self.name),
            None => format!("{kind}/{}", self.name),
        };
        formatter.pad(&text)
    }
}
