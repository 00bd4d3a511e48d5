//! Generates `environments/environment.schema.json`, which editors use, from the table of keys. Only for tests: the program
//! reads no schema.

use std::path::Path;

use serde_json::{Value, json};

use super::keys::{KEYS, Key, Shape};
use engine_core::plan::EffectKind;

/// The schema of environment files.
fn schema() -> Value {
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Environment",
        "description": "An environment of infra. `infra validate` says more, such as limits below requests.",
        "required": ["cluster"],
    });
    make_table(&mut schema);
    // Secrets never stand in a file.
    for key in KEYS.iter().filter(|key| !matches!(key.shape, Shape::Secret(_))) {
        let mut table = &mut schema;
        let mut names: Vec<&str> = key.path.split('.').collect();
        let last = names.pop().expect("a path has a last name");
        for name in names {
            table = &mut table["properties"][name];
            make_table(table);
        }
        table["properties"][last] = property(key);
    }
    schema["properties"]["cluster"]["required"] = json!(["context"]);
    schema
}

fn make_table(schema: &mut Value) {
    schema["type"] = json!("object");
    schema["additionalProperties"] = json!(false);
    if schema["properties"].is_null() {
        schema["properties"] = json!({});
    }
}

fn property(key: &Key) -> Value {
    let mut property = match &key.shape {
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Integer(range) => json!({"type": "integer", "minimum": range.start(), "maximum": range.end()}),
        Shape::Text(_) | Shape::Secret(_) => json!({"type": "string", "minLength": 1}),
        Shape::Effects => {
            let names = EffectKind::ALL.map(EffectKind::as_str);
            json!({"type": "array", "uniqueItems": true, "items": {"type": "string", "enum": names}})
        }
    };
    let variable = if key.is_of_file_alone() {
        String::new()
    } else {
        format!(" Variable {}.", key.variable())
    };
    property["description"] = json!(format!("{}.{variable}", key.shape.expected()));
    if let Some(default) = key.default {
        property["default"] = match key.shape {
            Shape::Text(_) | Shape::Secret(_) => json!(default),
            Shape::Boolean | Shape::Integer(_) | Shape::Effects => {
                default.parse().expect("the default has the key's shape")
            }
        };
    }
    property
}

#[test]
fn the_schema_of_environment_files_is_current() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../environments/environment.schema.json"
    ));
    let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == current,
        "`environments/environment.schema.json` is not current: UPDATE_SCHEMAS=1 cargo test -p infra schema"
    );
}
