//! Determines whether a listed object is provably unchanged. Pure.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use engine_core::object::coverage::covers;
use engine_core::object::field_set::FieldSet;
use engine_core::object::owner::Owner;
use engine_core::object::packed::{Damaged, PackedMetadata};
use engine_core::object::{Object, marks};

/// A listed object, as far as a plan needs it.
pub(super) struct Item<'a> {
    pub(super) name: Cow<'a, str>,
    /// Empty for cluster-scoped kinds.
    pub(super) namespace: Cow<'a, str>,
    pub(super) uid: Cow<'a, str>,
    pub(super) resource_version: Cow<'a, str>,
    is_terminating: bool,
    has_controller: bool,
    environment: Option<Cow<'a, str>>,
    stack: Option<Cow<'a, str>>,
    state_hash: Option<Cow<'a, str>>,
    /// The fields of our applied configuration.
    ours: Option<FieldSet<'a>>,
    /// The values of a Secret.
    data: Option<&'a RawValue>,
    /// The number of replicas, if the LIST contains it.
    pub(super) replicas: Option<i64>,
}

impl<'a> Item<'a> {
    pub(super) fn from_json(json: &'a [u8]) -> serde_json::Result<Self> {
        let Json { metadata, data, spec } = serde_json::from_slice(json)?;
        let owners = metadata.owner_references.into_iter().flatten();
        let entries = metadata.managed_fields.into_iter().flatten();
        let labels = metadata.labels.unwrap_or_default();
        Ok(Self {
            name: metadata.name,
            namespace: metadata.namespace.unwrap_or_default(),
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            is_terminating: metadata.deletion_timestamp.is_some(),
            has_controller: owners.into_iter().any(|owner| owner.controller == Some(true)),
            environment: labels.environment,
            stack: labels.stack,
            state_hash: metadata
                .annotations
                .and_then(|annotations| annotations.state_hash),
            ours: entries
                .into_iter()
                .find(Entry::is_ours)
                .and_then(|entry| entry.fields),
            data,
            replicas: spec.and_then(|spec| spec.replicas),
        })
    }

    pub(super) fn from_packed(object: &'a [u8]) -> Result<Self, Damaged> {
        let metadata = PackedMetadata::read(object)?;
        let ours = metadata.ours.map(serde_json::from_slice).transpose();
        Ok(Self {
            name: metadata.name.into(),
            namespace: metadata.namespace.into(),
            uid: metadata.uid.into(),
            resource_version: metadata.resource_version.into(),
            is_terminating: metadata.is_terminating,
            has_controller: metadata.has_controller,
            environment: metadata.environment.map(Cow::from),
            stack: metadata.stack.map(Cow::from),
            state_hash: metadata.state_hash.map(Cow::from),
            ours: ours.map_err(|_| Damaged)?,
            data: None,
            replicas: None,
        })
    }

    /// Returns UID and resource version: equal values mean that the object was not written in between.
    pub(super) fn version(&self) -> String {
        format!("{} {}", self.uid, self.resource_version)
    }

    /// Returns whether the live object provably matches the desired one: it has our marks, and we still own every field that
    /// we send.
    ///
    /// Every other object is dry-run.
    pub(super) fn is_unchanged(&self, object: &Object, owner: &Owner) -> bool {
        let hash = self.state_hash.as_deref();
        hash.is_some_and(|hash| object.hash().is(hash))
            && !self.is_terminating
            && self.has_labels_of(owner)
            && self
                .ours
                .as_ref()
                .is_some_and(|ours| covers(ours, object.bytes()))
            && (!object.id().kind.is_secret() || self.has_data_of(object))
    }

    fn has_data_of(&self, object: &Object) -> bool {
        let live = self.data.and_then(|raw| serde_json::from_str(raw.get()).ok());
        live.unwrap_or(Value::Null) == object.json()["data"]
    }

    /// Returns whether a prune may delete it. Labels can be copied or inherited, so this program must have applied it, and
    /// no controller may own it.
    pub(super) fn may_be_pruned(&self, owner: &Owner) -> bool {
        self.ours.is_some() && self.has_labels_of(owner) && !self.has_controller
    }

    fn has_labels_of(&self, owner: &Owner) -> bool {
        owner.has_labels(self.environment.as_deref(), self.stack.as_deref())
    }
}

/// An item as JSON; all other fields stay unparsed.
#[derive(Deserialize)]
struct Json<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    spec: Option<Spec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    resource_version: Cow<'a, str>,
    #[serde(borrow, default)]
    deletion_timestamp: Option<&'a RawValue>,
    #[serde(default)]
    owner_references: Option<Vec<OwnerReference>>,
    #[serde(borrow, default)]
    labels: Option<Labels<'a>>,
    #[serde(borrow, default)]
    annotations: Option<Annotations<'a>>,
    #[serde(borrow, default)]
    managed_fields: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
struct OwnerReference {
    #[serde(default)]
    controller: Option<bool>,
}

#[derive(Default, Deserialize)]
struct Labels<'a> {
    #[serde(borrow, rename = "infra.internal/environment", default)]
    environment: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "infra.internal/stack", default)]
    stack: Option<Cow<'a, str>>,
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

impl Entry<'_> {
    fn is_ours(&self) -> bool {
        marks::is_our_entry(&self.manager, &self.operation, &self.subresource)
    }
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    replicas: Option<i64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use engine_core::object::{HashKey, kind_of};

    fn object() -> Object {
        let kind = kind_of::<k8s_openapi::api::core::v1::Secret>();
        let json = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "namespace": "shop", "labels": {marks::ENVIRONMENT: "shop", marks::STACK: "web"}},
            "data": {"password": "eA=="},
        });
        Object::from_json(&kind, json, &HashKey::new([0; 32]))
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Value), expected: bool) {
        let object = object();
        let mut live = object.json();
        live["metadata"]["uid"] = json!("u");
        live["metadata"]["resourceVersion"] = json!("1");
        live["metadata"]["managedFields"] = json!([{"manager": "infra", "operation": "Apply", "fieldsV1": {
            "f:metadata": {
                "f:labels": {(format!("f:{}", marks::ENVIRONMENT)): {}, (format!("f:{}", marks::STACK)): {}},
                "f:annotations": {(format!("f:{}", marks::STATE_HASH)): {}},
            },
            "f:data": {"f:password": {}},
        }}]);
        change(&mut live);
        let text = live.to_string();
        let item = Item::from_json(text.as_bytes()).unwrap();
        assert_eq!(
            item.is_unchanged(&object, &Owner::new("web", "shop")),
            expected,
            "{text}"
        );
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
        check(
            |live| live["metadata"]["labels"][marks::STACK] = json!("other"),
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
