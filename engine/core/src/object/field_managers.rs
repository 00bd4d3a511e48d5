//! The field managers of a live object, from its `managedFields`. Pure.

use std::fmt;

use serde_json::Value;

use super::field_set::FieldSet;
use super::marks;
use super::path::Path;

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

/// A field manager and its last write: the author of a field, as far as `managedFields` tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The field manager's name, such as `kubectl-edit`.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: String,
    /// Its last write of any field, RFC 3339.
    pub time: String,
}

impl fmt::Display for Author {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.manager)?;
        if !self.subresource.is_empty() {
            write!(formatter, " (through {})", self.subresource)?;
        }
        if !self.time.is_empty() {
            write!(formatter, " at {}", self.time)?;
        }
        Ok(())
    }
}

/// One entry of `managedFields`, borrowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Manager<'a> {
    /// The manager's name, such as `kubectl-edit`.
    pub name: &'a str,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: &'a str,
    /// Its last write of any field, RFC 3339.
    pub time: &'a str,
    fields: &'a Value,
}

impl<'a> Manager<'a> {
    /// Reads an entry.
    #[must_use]
    pub fn of(entry: &'a Value) -> Self {
        let text = |field: &str| entry[field].as_str().unwrap_or_default();
        Self {
            name: text("manager"),
            operation: match text("operation") {
                "Apply" => Operation::Apply,
                _ => Operation::Update,
            },
            subresource: text("subresource"),
            time: text("time"),
            fields: &entry["fieldsV1"],
        }
    }

    /// The manager and its last write, without its fields.
    #[must_use]
    pub fn author(&self) -> Author {
        Author {
            manager: self.name.to_owned(),
            operation: self.operation,
            subresource: self.subresource.to_owned(),
            time: self.time.to_owned(),
        }
    }

    /// Whether this entry owns the field at `path`, or anything above or below it.
    #[must_use]
    pub fn owns(&self, path: &Path) -> bool {
        self.fields().owns(path)
    }

    /// The fields it owns.
    #[must_use]
    pub fn fields(&self) -> FieldSet<'a> {
        FieldSet::of(self.fields)
    }

    /// Whether this is the entry of this program's applied configuration.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.operation == Operation::Apply && marks::is_our_entry(self.name, "Apply", self.subresource)
    }

    /// Whether this program wrote the entry, be it to hand replicas over.
    #[must_use]
    pub fn is_of_this_program(&self) -> bool {
        self.is_ours() || (self.name == marks::REPLICAS_MANAGER && self.operation == Operation::Apply)
    }
}

/// Reads an object's managers.
pub fn managers(object: &Value) -> impl Iterator<Item = Manager<'_>> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries.into_iter().flatten().map(Manager::of)
}

/// Finds the entry of this program's applied configuration.
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
