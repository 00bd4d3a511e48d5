//! Reads the text of an environment file into values with their places, and collects faults of form. Pure.

use std::collections::BTreeMap;

use toml_edit::{Document, Item, TableLike, Value};

use super::fault::{Concern, Fault, Place};
use super::invalid::printable;
use super::keys::{self, Key, Named, Shape};
use super::nearest::nearest;

/// The values of known keys with the right type; everything else is a fault.
#[derive(Default)]
pub(super) struct FileContent {
    /// Texts of the values, by path.
    pub(super) values: BTreeMap<&'static str, String>,
    /// Where values, and the names of tables, stand.
    pub(super) places: BTreeMap<String, Place>,
    /// Paths whose value has the wrong type.
    pub(super) unreadable: Vec<String>,
    pub(super) faults: Vec<Fault>,
    /// The fault of a secret in the file. Then no other fault is shown: each is shown with its line, which may hold the
    /// secret.
    pub(super) secret: Option<Fault>,
}

/// Reads a file's text.
///
/// # Errors
/// When it is not TOML: then this is the only fault.
pub(super) fn read(text: &str) -> Result<FileContent, Box<Fault>> {
    let document = Document::parse(text).map_err(|error| {
        Box::new(Fault {
            place: error.span().map_or(Place::WholeFile, Place::from),
            concern: Concern::Location,
            title: "this is not valid TOML".to_owned(),
            label: error.message().replace('\n', ", "),
            hint: None,
        })
    })?;
    let mut content = FileContent::default();
    content.walk(document.as_table(), "");
    Ok(content)
}

impl FileContent {
    fn walk(&mut self, table: &dyn TableLike, table_path: &str) {
        for (name, item) in table.iter() {
            let path = keys::join(table_path, name);
            let name_place = table
                .key(name)
                .and_then(toml_edit::Key::span)
                .map_or(Place::WholeFile, Place::from);
            let value_place = item.span().map_or_else(|| name_place.clone(), Place::from);
            // A quoted key may hold dots, which must not read as tables.
            let named = if name.contains('.') {
                Named::Nothing
            } else {
                keys::named(&path)
            };
            match (named, item.as_table_like()) {
                (Named::Key(key), _) => self.value(key, item, value_place),
                (Named::Table, Some(inner)) => {
                    self.places.insert(path.clone(), name_place);
                    self.walk(inner, &path);
                }
                (Named::Table, None) => {
                    self.faults.push(Fault {
                        place: value_place,
                        concern: Concern::of(&path),
                        title: format!("`{path}` must be a table"),
                        label: format!("found {}", with_article(item.type_name())),
                        hint: None,
                    });
                    self.unreadable.push(path);
                }
                (Named::Nothing, inner) => {
                    // A misspelt password must not be shown, and a fault is shown with its line.
                    let name_place = if table_path == "pull_secret" {
                        Place::WholeFile
                    } else {
                        name_place
                    };
                    let meant = nearest(name, keys::names_inside(table_path));
                    // The nearest key is not reported as missing as well.
                    if let Some(meant) = meant.filter(|meant| !table.contains_key(meant)) {
                        self.unreadable.push(keys::join(table_path, meant));
                    }
                    let mut fault = unknown(name, table_path, inner.is_some(), meant, name_place);
                    if is_of_location(name, inner) || (table_path.is_empty() && inner.is_none()) {
                        fault.concern = Concern::Location;
                    }
                    self.faults.push(fault);
                }
            }
        }
    }

    fn value(&mut self, key: &'static Key, item: &Item, place: Place) {
        if key.is_secret() {
            self.secret = Some(Fault {
                place: Place::WholeFile,
                concern: Concern::of(key.path),
                title: format!("`{}` stands in the file", key.path),
                label: format!(
                    "take it out, choose another one, and hand that over in the variable `{}`",
                    key.variable()
                ),
                hint: None,
            });
            return;
        }
        let text = match (&key.shape, item.as_value()) {
            (Shape::Text(_), Some(Value::String(text))) => Some(text.value().clone()),
            (Shape::Integer(_), Some(Value::Integer(number))) => Some(number.value().to_string()),
            (Shape::Boolean, Some(Value::Boolean(choice))) => Some(choice.value().to_string()),
            // One word on each line, as `policy` reads them.
            (Shape::Effects, Some(Value::Array(words))) => {
                let lines = words.iter().map(|word| Some(word.as_str()?.to_owned() + "\n"));
                lines.collect()
            }
            _ => None,
        };
        if let Some(text) = text {
            self.places.insert(key.path.to_owned(), place);
            self.values.insert(key.path, text);
            return;
        }
        let hint = match (&key.shape, item) {
            (Shape::Effects, _) => Some("write it as `[\"restart\", \"scale\"]`".to_owned()),
            (Shape::Text(_), item) if item.is_integer() || item.is_float() => {
                Some("write it in quotes".to_owned())
            }
            (shape, item) if item.as_str().is_some_and(|text| shape.allows(text)) => {
                Some("write it without quotes".to_owned())
            }
            _ => None,
        };
        self.unreadable.push(key.path.to_owned());
        self.faults.push(Fault {
            place,
            concern: Concern::of(key.path),
            title: format!("`{}` must be {}", key.path, key.shape.expected()),
            label: format!("found {}", with_article(item.type_name())),
            hint,
        });
    }
}

/// Whether a key of `[cluster]` or `[record]` stands here or below: `protected` may be in the wrong table.
fn is_of_location(name: &str, inner: Option<&dyn TableLike>) -> bool {
    match inner {
        None => keys::tables_with(name)
            .iter()
            .any(|table| Concern::of(table) == Concern::Location),
        Some(table) => table
            .iter()
            .any(|(name, item)| is_of_location(name, item.as_table_like())),
    }
}

fn unknown(name: &str, table_path: &str, is_table: bool, meant: Option<&str>, place: Place) -> Fault {
    let shown = printable(name);
    let title = match (is_table, table_path) {
        (true, _) => format!("unknown table `[{}]`", keys::join(table_path, &shown)),
        (false, "") => format!("unknown key `{shown}` outside of a table"),
        (false, _) => format!("unknown key `{shown}` in `[{table_path}]`"),
    };
    let here = keys::names_inside(table_path);
    let elsewhere = keys::tables_with(name);
    let label = match meant {
        Some(meant) => format!("nearest: `{meant}`"),
        None if elsewhere.is_empty() => format!("known here: `{}`", here.join("`, `")),
        None => format!("belongs in `[{}]`", elsewhere.join("]`, `[")),
    };
    Fault {
        place,
        concern: Concern::of(&keys::join(table_path, meant.unwrap_or(name))),
        title,
        label,
        hint: None,
    }
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {noun}")
}
