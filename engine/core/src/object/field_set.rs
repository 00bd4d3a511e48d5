//! Field sets: the trees in which `managedFields` list the fields that a manager owns. Pure.
//!
//! `f:NAME` is a field, `k:{…}` an item of a keyed list, `v:…` an item of a set, `i:N` an item by its position, `.` the parent
//! itself, and an empty set a leaf that owns everything below it: a scalar, an atomic list or an atomic map.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::path::{Path, PathElement, keys_agree};

/// The fields that a manager owns.
///
/// A plan reads one for every object, so names are borrowed from the JSON and parsed only where they are compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSet<'a>(Vec<(Cow<'a, str>, FieldSet<'a>)>);

impl<'a> FieldSet<'a> {
    /// Reads the `fieldsV1` of an entry; empty when it is missing.
    #[must_use]
    pub fn of(fields: &'a Value) -> Self {
        Self::deserialize(fields).unwrap_or_default()
    }

    /// Whether it owns everything below.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks up a field by its plain name.
    #[must_use]
    pub fn field(&self, wanted: &str) -> Option<&Self> {
        let is_wanted = |name: &str| name.strip_prefix("f:") == Some(wanted);
        let found = self.0.iter().find(|(name, _)| is_wanted(name));
        found.map(|(_, below)| below)
    }

    /// Looks up an element.
    #[must_use]
    pub fn get(&self, element: &PathElement) -> Option<&Self> {
        let found = self.0.iter().find(|(name, _)| element.is_named(name));
        found.map(|(_, below)| below)
    }

    /// Looks up the set at `path`.
    #[must_use]
    pub fn at(&self, path: &Path) -> Option<&Self> {
        path.0
            .iter()
            .try_fold(self, |fields, element| fields.get(element))
    }

    /// Lists the elements, without the parent itself.
    pub fn elements(&self) -> impl Iterator<Item = (PathElement, &Self)> {
        self.0
            .iter()
            .filter_map(|(name, below)| Some((PathElement::parse(name)?, below)))
    }

    /// Lists the items whose keys agree with a desired item.
    pub fn items(&self, desired: &Map<String, Value>) -> impl Iterator<Item = (Map<String, Value>, &Self)> {
        self.0.iter().filter_map(|(name, below)| {
            let key = serde_json::from_str(name.strip_prefix("k:")?).ok()?;
            (keys_agree(&key, desired) == Some(true)).then_some((key, below))
        })
    }

    /// Looks up an element by its name in the set, such as `v:"text"`.
    #[must_use]
    pub fn named(&self, wanted: &str) -> Option<&Self> {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map(|(_, below)| below)
    }

    /// Whether it owns the field at `path`, or anything above or below that.
    #[must_use]
    pub fn owns(&self, path: &Path) -> bool {
        self.owns_below(&path.0)
    }

    fn owns_below(&self, path: &[PathElement]) -> bool {
        let Some((element, rest)) = path.split_first() else {
            return true;
        };
        let mut named = self.0.iter().filter(|(name, _)| element.is_named(name));
        named.any(|(_, below)| below.is_leaf() || below.owns_below(rest))
    }

    /// Adds the fields of another set. A leaf owns more than any of its parts.
    pub fn merge(&mut self, other: Self) {
        for (name, below) in other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) if known.is_leaf() || below.is_leaf() => *known = Self::default(),
                Some((_, known)) => known.merge(below),
                None => self.0.push((name, below)),
            }
        }
    }

    /// Takes a field out and returns it as a set.
    ///
    /// Parents that it leaves empty go too: an empty one would own everything below it.
    pub fn take(&mut self, path: &Path) -> Option<Self> {
        self.take_below(&path.0)
    }

    fn take_below(&mut self, path: &[PathElement]) -> Option<Self> {
        let (element, rest) = path.split_first()?;
        let place = self.0.iter().position(|(name, _)| element.is_named(name))?;
        if rest.is_empty() {
            return Some(Self(vec![self.0.remove(place)]));
        }
        let (name, below) = &mut self.0[place];
        let taken = Self(vec![(name.clone(), below.take_below(rest)?)]);
        if below.0.iter().all(|(name, _)| name == ".") {
            self.0.remove(place);
        }
        Some(taken)
    }

    /// Copies the names, so that the set outlives the JSON.
    #[must_use]
    pub fn into_owned(self) -> FieldSet<'static> {
        let fields = self.0.into_iter();
        FieldSet(
            fields
                .map(|(name, below)| (Cow::Owned(name.into_owned()), below.into_owned()))
                .collect(),
        )
    }
}

impl Serialize for FieldSet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, below)| (name, below)))
    }
}

impl<'a, 'de: 'a> Deserialize<'de> for FieldSet<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = FieldSet<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a field set")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldSet<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    fields.push((name.0, map.next_value()?));
                }
                Ok(FieldSet(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// A name, borrowed unless it has escapes.
pub(super) struct Name<'a>(pub(super) Cow<'a, str>);

impl<'a, 'de: 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(fields: &Value, path: &Path, expected: bool) {
        assert_eq!(FieldSet::of(fields).owns(path), expected, "{path} in {fields}");
    }

    fn key(fields: &Value) -> PathElement {
        PathElement::Key(fields.as_object().unwrap().clone())
    }

    fn image() -> Path {
        Path::of(&["spec", "containers"])
            .then(key(&json!({"name": "api"})))
            .then(PathElement::Field("image".to_owned()))
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
                .then(key(&json!({"port": 80})))
                .then(PathElement::Field("targetPort".to_owned())),
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
