//! Coverage: whether a live object's field set still has every field that we send. Pure.
//!
//! Another writer that changes or deletes a value takes its path out of our field set, so a whole set together with our
//! state hash means an unchanged object. This does not see another order of a keyed list's items, a write under our own
//! manager name that leaves the hash, and a change below a leaf that we send empty (`emptyDir: {}` given a medium).

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::field_set::{FieldSet, Name};

/// Whether the field set of our entry covers every leaf of a desired object.
///
/// `desired` is the JSON that we send, whose identity no field set holds. It is walked without being built.
#[must_use]
pub fn covers(fields: &FieldSet<'_>, desired: &[u8]) -> bool {
    let mut deserializer = serde_json::Deserializer::from_slice(desired);
    Walk {
        fields,
        place: Place::Object,
    }
    .deserialize(&mut deserializer)
    .is_ok()
}

/// Walks a part of the desired object along its field set; ends with an error at the first leaf that is not covered.
struct Walk<'f> {
    fields: &'f FieldSet<'f>,
    place: Place,
}

/// The position of the walk: the identity is at the root and in the metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Object,
    Metadata,
    Below,
}

impl Place {
    fn is_identity(self, name: &str) -> bool {
        match self {
            Self::Object => matches!(name, "apiVersion" | "kind"),
            Self::Metadata => matches!(name, "name" | "namespace"),
            Self::Below => false,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.fields.is_leaf() && self.place == Place::Below {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    // A scalar here is a structure on the server, so the dry-run decides.
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an owned structure")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            if self.place.is_identity(&name) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let is_metadata = self.place == Place::Object && name == "metadata";
            let below = match self.fields.field(&name) {
                Some(fields) => fields,
                // Metadata may hold nothing but the identity.
                None if is_metadata => &FieldSet::default(),
                None => return Err(de::Error::custom("not ours")),
            };
            let place = if is_metadata {
                Place::Metadata
            } else {
                Place::Below
            };
            map.next_value_seed(Walk { fields: below, place })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<Value>()? {
            if !covers_item(self.fields, &item) {
                return Err(de::Error::custom("not ours"));
            }
        }
        Ok(())
    }
}

fn covers_item(fields: &FieldSet<'_>, item: &Value) -> bool {
    let Some(item_fields) = item.as_object() else {
        return fields.named(&format!("v:{item}")).is_some();
    };
    // Most lists are keyed by the name alone, and such a key needs no parsing.
    let by_name = item_fields
        .get("name")
        .map(|name| format!("k:{{\"name\":{name}}}"));
    let by_name = by_name.and_then(|key| fields.named(&key));
    let mut items = fields.items(item_fields);
    by_name.is_some_and(|below| covers_value(below, item))
        || items.any(|(_, below)| covers_value(below, item))
}

fn covers_value(fields: &FieldSet<'_>, value: &Value) -> bool {
    if fields.is_leaf() {
        return true;
    }
    match value {
        Value::Object(children) => children.iter().all(|(name, value)| {
            fields
                .field(name)
                .is_some_and(|fields| covers_value(fields, value))
        }),
        Value::Array(items) => items.iter().all(|item| covers_item(fields, item)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Value {
        json!({
            "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {".": {}, "v:\"keep\"": {}}},
            "f:spec": {
                "f:template": {"f:spec": {"f:containers": {
                    "k:{\"name\":\"api\"}": {
                        ".": {}, "f:name": {}, "f:image": {},
                        "f:ports": {"k:{\"containerPort\":5000,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
                    },
                }}},
                "f:metrics": {},
            },
        })
    }

    fn desired() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "api", "namespace": "app", "labels": {"app": "api"}, "finalizers": ["keep"]},
            "spec": {
                "template": {"spec": {"containers": [
                    {"name": "api", "image": "a", "ports": [{"containerPort": 5000}]},
                ]}},
                "metrics": [{"type": "Resource"}],
            },
        })
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Value, &mut Value), expected: bool) {
        let (mut fields, mut desired) = (fields(), desired());
        change(&mut fields, &mut desired);
        assert_eq!(
            covers(&FieldSet::of(&fields), desired.to_string().as_bytes()),
            expected,
            "{fields:#}"
        );
    }

    #[test]
    fn a_whole_field_set_covers_what_we_send() {
        check(|_, _| {}, true);
    }

    #[test]
    fn a_lost_label_is_missed() {
        check(
            |fields, _| fields["f:metadata"]["f:labels"] = json!({"f:other": {}}),
            false,
        );
    }

    #[test]
    fn a_lost_field_of_a_list_item_is_missed() {
        check(
            |fields, _| {
                let containers = &mut fields["f:spec"]["f:template"]["f:spec"]["f:containers"];
                containers["k:{\"name\":\"api\"}"] = json!({".": {}, "f:name": {}});
            },
            false,
        );
    }

    #[test]
    fn a_lost_list_item_is_missed() {
        check(
            |fields, _| {
                fields["f:spec"]["f:template"]["f:spec"]["f:containers"] =
                    json!({"k:{\"name\":\"x\"}": {"f:name": {}}});
            },
            false,
        );
    }

    #[test]
    fn a_lost_item_of_a_set_is_missed() {
        check(
            |fields, _| fields["f:metadata"]["f:finalizers"] = json!({".": {}}),
            false,
        );
    }

    #[test]
    fn a_field_that_we_did_not_send_before_is_missed() {
        check(|_, desired| desired["spec"]["paused"] = json!(true), false);
    }

    #[test]
    fn an_atomic_list_is_covered_whatever_is_in_it() {
        check(
            |_, desired| desired["spec"]["metrics"] = json!([{"type": "Other"}, {"type": "More"}]),
            true,
        );
    }

    #[test]
    fn an_empty_field_set_covers_nothing() {
        check(|fields, _| *fields = json!({}), false);
    }
}
