//! Whether an object is unchanged for certain, from what a LIST says of it. Pure.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::object::coverage::{FieldSet, covers};
use crate::object::{Object, marks};

/// An item of a LIST: what is needed to tell whether it is unchanged, the rest unparsed.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    spec: Option<Spec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespace: Option<String>,
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    resource_version: Cow<'a, str>,
    #[serde(borrow, default)]
    deletion_timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    labels: Option<Labels<'a>>,
    #[serde(borrow, default)]
    annotations: Option<Annotations<'a>>,
    #[serde(borrow, default)]
    managed_fields: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
struct Labels<'a> {
    #[serde(borrow, rename = "infra.internal/environment", default)]
    environment: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(borrow, rename = "infra.internal/state-hash", default)]
    state_hash: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, default)]
    manager: Cow<'a, str>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    subresource: Cow<'a, str>,
    #[serde(borrow, default, rename = "fieldsV1")]
    fields: Option<FieldSet<'a>>,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    replicas: Option<i64>,
}

impl Item<'_> {
    /// Which object in which version: equal texts mean that nobody has written it in between.
    pub(super) fn version(&self) -> String {
        format!("{} {}", self.metadata.uid, self.metadata.resource_version)
    }

    /// Its number of replicas, where the LIST holds it.
    pub(super) fn replicas(&self) -> Option<i64> {
        self.spec.as_ref()?.replicas
    }

    /// Whether the live object is as desired: it has our marks, and every field that we send is still ours.
    ///
    /// Anything else is no more than a suspicion, which a dry-run clears up.
    pub(super) fn is_unchanged(&self, object: &Object, environment: &str) -> bool {
        let metadata = &self.metadata;
        let annotations = metadata.annotations.as_ref();
        let hash = annotations.and_then(|annotations| annotations.state_hash.as_deref());
        let labels = metadata.labels.as_ref();
        let owner = labels.and_then(|labels| labels.environment.as_deref());
        hash.is_some_and(|hash| object.hash().is(hash))
            && metadata.deletion_timestamp.is_none()
            && owner == Some(environment)
            && self.covers(object)
    }

    fn covers(&self, object: &Object) -> bool {
        let entries = self.metadata.managed_fields.iter().flatten();
        let ours = entries.into_iter().find(|entry| entry.is_ours());
        let Some(fields) = ours.and_then(|entry| entry.fields.as_ref()) else {
            return false;
        };
        covers(fields, object.bytes()) && (!object.id().kind.is_secret() || self.has_data_of(object))
    }

    fn has_data_of(&self, object: &Object) -> bool {
        let live = self.data.and_then(|raw| serde_json::from_str(raw.get()).ok());
        live.unwrap_or(Value::Null) == object.json()["data"]
    }
}

impl Entry<'_> {
    fn is_ours(&self) -> bool {
        self.manager == marks::MANAGER && self.operation == "Apply" && self.subresource.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::{HashKey, kind_of};

    fn object() -> Object {
        let kind = kind_of::<k8s_openapi::api::core::v1::Secret>();
        let json = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "namespace": "shop", "labels": {marks::ENVIRONMENT: "shop"}},
            "data": {"password": "eA=="},
        });
        Object::from_json(kind, json, &HashKey::new([0; 32]))
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Value), expected: bool) {
        let object = object();
        let mut live = object.json();
        live["metadata"]["uid"] = json!("u");
        live["metadata"]["resourceVersion"] = json!("1");
        live["metadata"]["managedFields"] = json!([{"manager": "infra", "operation": "Apply", "fieldsV1": {
            "f:metadata": {
                "f:labels": {(format!("f:{}", marks::ENVIRONMENT)): {}},
                "f:annotations": {(format!("f:{}", marks::STATE_HASH)): {}},
            },
            "f:data": {"f:password": {}},
        }}]);
        change(&mut live);
        let text = live.to_string();
        let item: Item<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(item.is_unchanged(&object, "shop"), expected, "{text}");
    }

    #[test]
    fn an_object_with_our_marks_and_fields_is_unchanged() {
        check(|_| {}, true);
    }

    #[test]
    fn a_value_of_a_secret_is_looked_at() {
        check(|live| live["data"]["password"] = json!("eQ=="), false);
        check(|live| live["data"] = Value::Null, false);
    }

    #[test]
    fn a_lost_mark_is_seen() {
        check(
            |live| live["metadata"]["annotations"][marks::STATE_HASH] = json!("v1:cut"),
            false,
        );
        check(|live| live["metadata"]["annotations"] = Value::Null, false);
        check(|live| live["metadata"]["labels"] = json!({}), false);
        check(
            |live| live["metadata"]["labels"][marks::ENVIRONMENT] = json!("other"),
            false,
        );
    }

    #[test]
    fn a_lost_field_is_seen() {
        check(|live| live["metadata"]["managedFields"] = json!([{}]), false);
        check(
            |live| live["metadata"]["managedFields"][0]["operation"] = json!("Update"),
            false,
        );
        check(
            |live| live["metadata"]["managedFields"][0]["subresource"] = json!("status"),
            false,
        );
        check(
            |live| live["metadata"]["managedFields"][0]["fieldsV1"]["f:data"] = json!({"f:x": {}}),
            false,
        );
    }

    #[test]
    fn an_object_that_is_being_deleted_is_not_unchanged() {
        check(
            |live| live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
            false,
        );
    }
}
