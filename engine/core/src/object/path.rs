//! Paths of fields in an object. Pure.

use std::fmt;

use serde_json::{Map, Value};

/// The key fields of the API's keyed lists. A list whose items have both a name and fields of an earlier row is keyed by
/// those fields, here as in its field sets.
///
/// A list counts as keyed when every item has all fields of one row and no two items share their values. For lists that the
/// API treats as atomic, this only decides how a change is shown.
const LIST_KEYS: [&[&str]; 8] = [
    &["containerPort", "protocol"],
    &["port", "protocol"],
    &["mountPath"],
    &["devicePath"],
    &["name"],
    &["topologyKey", "whenUnsatisfiable"],
    &["type"],
    &["ip"],
];

/// One element of a path, of the kinds that `managedFields` know.
#[derive(Clone, Debug, PartialEq)]
pub enum PathElement {
    /// A field of an object.
    Field(String),
    /// An item of a keyed list: its key fields and their values.
    Key(Map<String, Value>),
    /// An item of a set: its value.
    Value(Value),
    /// An item of a list without keys.
    Index(usize),
}

impl PathElement {
    /// Parses a name in a field set: `f:NAME`, `k:{…}`, `v:…` or `i:N`. `None` for `.`, the parent itself.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (sort, rest) = name.split_once(':')?;
        match sort {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => serde_json::from_str(rest).ok().map(Self::Key),
            "v" => serde_json::from_str(rest).ok().map(Self::Value),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// Whether a name in a field set stands for the same element.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Field(field) => name.strip_prefix("f:") == Some(field),
            Self::Key(key) => match Self::parse(name) {
                Some(Self::Key(other)) => keys_agree(key, &other) == Some(true),
                _ => false,
            },
            _ => Self::parse(name).as_ref() == Some(self),
        }
    }

    /// Finds the element in a desired value, whose items may lack key fields that the server defaults.
    #[must_use]
    pub fn find_in<'a>(&self, desired: &'a Value) -> Option<&'a Value> {
        let find =
            |is_wanted: &dyn Fn(&Value) -> bool| desired.as_array()?.iter().find(|item| is_wanted(item));
        match self {
            Self::Field(name) => desired.get(name),
            Self::Key(key) => find(&|item| {
                item.as_object()
                    .is_some_and(|item| keys_agree(key, item) == Some(true))
            }),
            Self::Value(value) => find(&|item| item == value),
            Self::Index(index) => desired.get(index),
        }
    }
}

/// Compares a key with an item, or with another key, by the key fields that both have; `None` when they share none.
///
/// Either may lack a field that the server defaults.
#[must_use]
pub fn keys_agree(key: &Map<String, Value>, item: &Map<String, Value>) -> Option<bool> {
    key.iter()
        .filter_map(|(field, value)| item.get(field).map(|other| other == value))
        .reduce(|all, same| all && same)
}

/// The path from an object's root to one of its fields, written `spec.template.spec.containers[api].image`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path(pub Vec<PathElement>);

impl Path {
    /// Appends an element.
    #[must_use]
    pub fn then(&self, element: PathElement) -> Self {
        let mut elements = self.0.clone();
        elements.push(element);
        Self(elements)
    }

    /// Builds a path of plain field names.
    #[must_use]
    pub fn of(fields: &[&str]) -> Self {
        let fields = fields.iter();
        Self(
            fields
                .map(|field| PathElement::Field((*field).to_owned()))
                .collect(),
        )
    }

    /// Whether the path begins with these plain field names.
    #[must_use]
    pub fn starts_with(&self, fields: &[&str]) -> bool {
        self.0.len() >= fields.len()
            && self
                .0
                .iter()
                .zip(fields)
                .all(|(element, field)| matches!(element, PathElement::Field(name) if name == field))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, element) in self.0.iter().enumerate() {
            match element {
                PathElement::Field(name) if name.contains(['.', '/']) => write!(formatter, "[\"{name}\"]")?,
                PathElement::Field(name) if position == 0 => formatter.write_str(name)?,
                PathElement::Field(name) => write!(formatter, ".{name}")?,
                PathElement::Key(key) => {
                    let values: Vec<String> = key.values().map(plain).collect();
                    write!(formatter, "[{}]", values.join("/"))?;
                }
                PathElement::Value(value) => write!(formatter, "[{}]", plain(value))?,
                PathElement::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Writes a scalar without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Finds the key fields that tell the items of both lists apart; `None` when there are none.
#[must_use]
pub fn list_key(lists: [&[Value]; 2]) -> Option<&'static [&'static str]> {
    LIST_KEYS.into_iter().find(|key| {
        lists.iter().any(|items| !items.is_empty())
            && lists.iter().all(|items| {
                let mut seen = Vec::new();
                items.iter().all(|item| match item_key(item, key) {
                    Some(found) if !seen.contains(&found) => {
                        seen.push(found);
                        true
                    }
                    _ => false,
                })
            })
    })
}

/// Reads an item's key fields; `None` when one is missing.
#[must_use]
pub fn item_key(item: &Value, key: &[&str]) -> Option<Map<String, Value>> {
    key.iter()
        .map(|field| {
            let value = item.get(field)?;
            Some(((*field).to_owned(), value.clone()))
        })
        .collect()
}
