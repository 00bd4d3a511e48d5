//! The schemas in `schemas/` are those of the types.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde::Serialize;
use serde_json::Value;

use super::PlanDocument;
use super::diff::DiffDocument;
use super::lines::Line;
use super::status::StatusDocument;

/// Numbers that a crate without schemars serialises: the default value names them.
pub(super) struct Counts<T>(PhantomData<T>);

impl<T: Default + Serialize> JsonSchema for Counts<T> {
    fn schema_name() -> Cow<'static, str> {
        "Numbers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = serde_json::to_string(&T::default()).unwrap();
        let Value::Object(numbers) = serde_json::to_value(T::default()).unwrap() else {
            panic!("numbers have names")
        };
        let mut names: Vec<&String> = numbers.keys().collect();
        names.sort_by_key(|name| text.find(&format!("\"{name}\":")));
        let number = generator.subschema_for::<usize>();
        let properties: serde_json::Map<_, _> = names
            .iter()
            .map(|name| ((*name).clone(), number.clone().into()))
            .collect();
        json_schema!({
            "description": "How many objects what was done to.",
            "type": "object",
            "properties": properties,
            "required": names,
        })
    }
}

/// Compares a committed schema with that of its type; writes it when `UPDATE_SCHEMAS` is set.
fn check<T: JsonSchema>(file: &str) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas")).join(file);
    let current = serde_json::to_string_pretty(&schema_for!(T)).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "`schemas/{file}` is not current: UPDATE_SCHEMAS=1 cargo test -p infra schema"
    );
}

#[test]
fn the_schema_of_plans_is_current() {
    check::<PlanDocument<'_>>("plan.schema.json");
}

#[test]
fn the_schema_of_events_is_current() {
    check::<Line<'_>>("events.schema.json");
}

#[test]
fn the_schema_of_diffs_is_current() {
    check::<DiffDocument<'_>>("diff.schema.json");
}

#[test]
fn the_schema_of_statuses_is_current() {
    check::<StatusDocument<'_>>("status.schema.json");
}
