//! Copies an object under another name, for dry-run creates. Pure.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::node_port;
use engine_core::object::hash::hex;
use engine_core::object::{Identity, Object, ObjectId};

/// A namespace that every cluster has.
const NAMESPACE: &str = "default";

/// A copy of an object under another name.
pub(super) struct StandIn {
    pub(super) id: ObjectId,
    pub(super) json: Value,
    stands_for: ObjectId,
}

impl StandIn {
    /// Copies an object whose namespace does not exist into one that does.
    pub(super) fn of(object: &Object) -> Self {
        Self::within(object, Some(NAMESPACE))
    }

    /// Copies an object within its namespace, without the fields that only one object can have at a time.
    pub(super) fn renamed(object: &Object) -> Self {
        let mut stand_in = Self::within(object, object.id().namespace.as_deref());
        node_port::take_off(&mut stand_in.json);
        stand_in
    }

    fn within(object: &Object, namespace: Option<&str>) -> Self {
        let stands_for = object.id().clone();
        let digest = Sha256::digest(stands_for.to_string());
        let name = format!("infra-check-{}", hex(&digest[..4]));
        let mut json = object.json();
        if let Some(namespace) = namespace {
            json["metadata"]["namespace"] = json!(namespace);
        }
        json["metadata"]["name"] = json!(name);
        Self {
            id: ObjectId::from(Identity {
                kind: stands_for.kind.clone(),
                namespace: namespace.map(str::to_owned),
                name,
            }),
            json,
            stands_for,
        }
    }

    /// Puts the object's real name back into a message from the server.
    pub(super) fn in_its_own_words(&self, message: &str) -> String {
        message.replace(&self.id.name, &self.stands_for.name)
    }
}
