//! Who owns which fields of a live object, as its `managedFields` say. Pure.
//!
//! A field set is a tree: `f:NAME` is a field, `k:{…}` an item of a keyed list, `v:…` an item of a set, `.` the thing
//! itself, and `{}` a leaf that owns all below it.

use std::fmt;

use serde_json::{Map, Value};

use super::marks;
use super::path::{Path, Step};

/// What a manager did last: a server-side apply, or any other write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply: the manager has declared these fields and will do so again.
    Apply,
    /// Any other write.
    Update,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        })
    }
}

/// One entry of `managedFields`.
#[derive(Clone, Debug, PartialEq)]
pub struct Manager<'a> {
    /// The manager's name, such as `kubectl-edit`.
    pub name: &'a str,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: &'a str,
    /// The manager's last write of any field, RFC 3339.
    pub time: &'a str,
    fields: &'a Value,
}

impl Manager<'_> {
    /// Whether this entry owns the field at `path`, or something above or below it.
    #[must_use]
    pub fn owns(&self, path: &Path) -> bool {
        owns(self.fields, &path.0)
    }

    /// The entry's field set.
    #[must_use]
    pub fn fields(&self) -> &Value {
        self.fields
    }

    /// Whether this is this program's own applied configuration.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.name == marks::MANAGER && self.operation == Operation::Apply && self.subresource.is_empty()
    }

    /// Whether this entry belongs to this program in any of its roles.
    #[must_use]
    pub fn is_of_this_program(&self) -> bool {
        self.is_ours() || (self.name == marks::REPLICAS_MANAGER && self.operation == Operation::Apply)
    }
}

/// Reads an object's managers.
pub fn managers(object: &Value) -> impl Iterator<Item = Manager<'_>> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries.into_iter().flatten().map(|entry| Manager {
        name: entry["manager"].as_str().unwrap_or_default(),
        operation: match entry["operation"].as_str() {
            Some("Apply") => Operation::Apply,
            _ => Operation::Update,
        },
        subresource: entry["subresource"].as_str().unwrap_or_default(),
        time: entry["time"].as_str().unwrap_or_default(),
        fields: &entry["fieldsV1"],
    })
}

/// The entry of this program's applied configuration.
#[must_use]
pub fn ours(object: &Value) -> Option<Manager<'_>> {
    managers(object).find(Manager::is_ours)
}

/// Whether this program owns the same fields in both.
#[must_use]
pub fn same_ownership(live: &Value, proposed: &Value) -> bool {
    let fields = |object| ours(object).map(|manager| manager.fields);
    fields(live) == fields(proposed)
}

fn owns(fields: &Value, path: &[Step]) -> bool {
    let Some(fields) = fields.as_object() else {
        return false;
    };
    let Some((step, rest)) = path.split_first() else {
        return true;
    };
    // An entry without children owns all below it: a scalar, an atomic list or an atomic map.
    children(fields, step).any(|child| is_leaf(child) || owns(child, rest))
}

fn is_leaf(fields: &Value) -> bool {
    fields.as_object().is_some_and(Map::is_empty)
}

fn children<'a>(fields: &'a Map<String, Value>, step: &'a Step) -> impl Iterator<Item = &'a Value> {
    fields.iter().filter_map(move |(name, child)| {
        let matches = match step {
            Step::Field(field) => name.strip_prefix("f:") == Some(field),
            Step::Item(key) => name
                .strip_prefix("k:")
                .and_then(|text| serde_json::from_str(text).ok())
                .is_some_and(|owned: Map<String, Value>| is_same_item(&owned, key)),
            Step::Index(index) => name.strip_prefix("i:") == Some(&index.to_string()),
        };
        matches.then_some(child)
    })
}

/// Compares by the fields both have: the server's key may hold a field that was defaulted.
fn is_same_item(owned: &Map<String, Value>, key: &[(String, Value)]) -> bool {
    let mut shared = key
        .iter()
        .filter_map(|(field, value)| owned.get(field).map(|owned| owned == value))
        .peekable();
    shared.peek().is_some() && shared.all(|same| same)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(fields: &Value, path: &Path, expected: bool) {
        assert_eq!(owns(fields, &path.0), expected, "{path} in {fields}");
    }

    fn image() -> Path {
        Path::of(&["spec", "containers"])
            .then(Step::Item(vec![("name".to_owned(), json!("api"))]))
            .then(Step::Field("image".to_owned()))
    }

    #[test]
    fn a_leaf_is_owned() {
        check(
            &json!({"f:spec": {"f:containers": {"k:{\"name\":\"api\"}": {".": {}, "f:image": {}}}}}),
            &image(),
            true,
        );
    }

    #[test]
    fn another_item_of_the_list_is_not_owned() {
        check(
            &json!({"f:spec": {"f:containers": {"k:{\"name\":\"other\"}": {".": {}, "f:image": {}}}}}),
            &image(),
            false,
        );
    }

    #[test]
    fn what_lies_below_an_atomic_leaf_is_owned() {
        check(&json!({"f:spec": {"f:containers": {}}}), &image(), true);
    }

    #[test]
    fn a_defaulted_part_of_a_key_does_not_hide_an_item() {
        check(
            &json!({"f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {"f:targetPort": {}}}}),
            &Path::of(&["ports"])
                .then(Step::Item(vec![("port".to_owned(), json!(80))]))
                .then(Step::Field("targetPort".to_owned())),
            true,
        );
    }

    #[test]
    fn a_field_beside_an_owned_one_is_not_owned() {
        check(
            &json!({"f:metadata": {"f:labels": {"f:a": {}}}}),
            &Path::of(&["metadata", "labels", "b"]),
            false,
        );
    }
}
