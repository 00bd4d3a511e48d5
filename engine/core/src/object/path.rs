//! Where a field stands in an object. Pure.

use std::fmt;

use serde_json::Value;

/// The fields by which the API's keyed lists tell their items apart. Those first that stand beside a name: a list with them is
/// keyed by them, and so are the owners of its fields.
///
/// A list counts as keyed when every item has all fields of one row and no two items share them. For lists that the API
/// treats as atomic this only decides how a change is shown.
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

/// One step from an object, or from one of its parts, to a part of that.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A field of an object.
    Field(String),
    /// An item of a keyed list, told by the values of its key fields.
    Item(Vec<(String, Value)>),
    /// An item of a list without keys.
    Index(usize),
}

/// The way from an object's root to one of its fields, written `spec.template.spec.containers[api].image`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path that goes one step further.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// A path of plain field names.
    #[must_use]
    pub fn of(fields: &[&str]) -> Self {
        Self(
            fields
                .iter()
                .map(|field| Step::Field((*field).to_owned()))
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
                .all(|(step, field)| matches!(step, Step::Field(name) if name == field))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if name.contains(['.', '/']) => write!(formatter, "[\"{name}\"]")?,
                Step::Field(name) if position == 0 => formatter.write_str(name)?,
                Step::Field(name) => write!(formatter, ".{name}")?,
                Step::Item(key) => {
                    let values: Vec<String> = key.iter().map(|(_, value)| plain(value)).collect();
                    write!(formatter, "[{}]", values.join("/"))?;
                }
                Step::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Writes a scalar without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The key fields that tell the items of all these lists apart; `None` when there are none.
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

/// The values of an item's key fields; `None` when one is missing.
#[must_use]
pub fn item_key(item: &Value, key: &[&str]) -> Option<Vec<(String, Value)>> {
    key.iter()
        .map(|field| {
            let value = item.get(field)?;
            Some(((*field).to_owned(), value.clone()))
        })
        .collect()
}
