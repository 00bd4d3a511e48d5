//! Returns typed values by path and collects every fault on the way. Pure.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::fault::{Concern, Fault, Place};
use super::file::FileContent;
use super::invalid::printable;
use super::keys::{KEYS, Key, Shape, is_within};
use super::layers::{Layer, Layers};
use super::variables::VariableContent;

/// Reads merged values. `None` means that the fault has been recorded.
pub(super) struct Reader {
    layers: Layers,
    places: BTreeMap<String, Place>,
    unreadable: Vec<String>,
    said_by_variables: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Reader {
    pub(super) fn new(file: FileContent, variables: VariableContent) -> Self {
        let layers = Layers::merge(&file.values, &variables.values);
        let mut faults = file.faults;
        faults.extend(variables.faults);
        Self {
            layers,
            places: file.places,
            unreadable: file.unreadable,
            said_by_variables: variables.values.into_keys().collect(),
            faults,
        }
    }

    /// Reads a required key.
    pub(super) fn value<T: FromStr<Err: Display>>(&mut self, path: &str) -> Option<T> {
        let value = self.optional(path)?;
        if value.is_none() {
            let table = path.rsplit_once('.').map_or("", |(table, _)| table);
            let place = self.places.get(table).cloned().unwrap_or(Place::WholeFile);
            self.fault(
                place,
                Concern::of(path),
                format!("`{path}` is missing"),
                format!("add it to `[{table}]`: it has no built-in value"),
            );
        }
        value
    }

    /// Reads an optional key.
    #[expect(
        clippy::option_option,
        reason = "the outer option says whether reading worked, the inner one is the value"
    )]
    pub(super) fn optional<T: FromStr<Err: Display>>(&mut self, path: &str) -> Option<Option<T>> {
        if self.unreadable.iter().any(|table| is_within(path, table)) {
            return None;
        }
        let Some((text, _)) = self.layers.find(path) else {
            return Some(None);
        };
        let key = described(path);
        match parse(key, &text) {
            Ok(value) => Some(Some(value)),
            Err(reason) => {
                let title = format!("`{path}` must be {}", key.shape.expected());
                self.fault(self.place(path), Concern::of(path), title, reason);
                None
            }
        }
    }

    /// Whether the file or a variable sets a key, or one inside a table.
    pub(super) fn is_said(&self, path: &str) -> bool {
        let by_variables = self.said_by_variables.iter().any(|said| is_within(said, path));
        by_variables || self.places.contains_key(path)
    }

    /// Whether the file opens a table.
    pub(super) fn has_table(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    /// Records that values exclude each other. Shown at the variable among them, or at the first one in the file.
    pub(super) fn conflict(&mut self, paths: &[&str], title: impl Into<String>, label: impl Into<String>) {
        let said = paths.iter().filter(|path| self.is_said(path));
        let places = said.map(|path| self.place(path));
        let place = places.min_by_key(|place| !matches!(place, Place::Variable(..)));
        let is_of_location = paths.iter().any(|path| Concern::of(path) == Concern::Location);
        let concern = if is_of_location {
            Concern::Location
        } else {
            Concern::Content
        };
        self.fault(place.unwrap_or(Place::WholeFile), concern, title, label);
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    fn fault(&mut self, place: Place, concern: Concern, title: impl Into<String>, label: impl Into<String>) {
        self.faults.push(Fault {
            place,
            concern,
            title: title.into(),
            label: label.into(),
            hint: None,
        });
    }

    fn place(&self, path: &str) -> Place {
        match self.layers.find(path) {
            Some((text, Layer::Variables)) => {
                let key = described(path);
                let shown = (!key.is_secret()).then(|| printable(&text));
                Place::Variable(key.variable(), shown)
            }
            _ => self.places.get(path).cloned().unwrap_or(Place::WholeFile),
        }
    }
}

fn described(path: &str) -> &'static Key {
    KEYS.iter()
        .find(|key| key.path == path)
        .expect("every path that is read is described in `KEYS`")
}

/// Reads a text as what its key takes.
fn parse<T: FromStr<Err: Display>>(key: &Key, text: &str) -> Result<T, String> {
    match (&key.shape, key.shape.allows(text)) {
        (_, true) => text.parse().map_err(|reason: T::Err| reason.to_string()),
        (Shape::Text(_) | Shape::Secret(_), false) => Err("it is empty".to_owned()),
        (Shape::Integer(_) | Shape::Boolean | Shape::Effects, false) => {
            Err(format!("found `{}`", printable(text)))
        }
    }
}
