//! Every option of an environment file as YAML, so that a review shows each change of a manifest. The tests of `infra render`
//! cover the environments that ship.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::environments::{CHOICES, chosen};

/// Writes objects as YAML documents. Of a Secret, only the names of its entries.
fn yaml(objects: &[Value]) -> String {
    let documents: Vec<String> = objects.iter().map(document).collect();
    documents.join("---\n")
}

fn document(object: &Value) -> String {
    let mut object = object.clone();
    // A hash tells a reviewer nothing and changes with every field.
    object["metadata"].as_object_mut().unwrap().remove("annotations");
    if object["kind"] == "Secret" {
        for value in object["data"].as_object_mut().unwrap().values_mut() {
            *value = json!("(hidden)");
        }
    }
    if object["metadata"]["name"] == "mongodb-scripts" {
        for value in object["data"].as_object_mut().unwrap().values_mut() {
            *value = json!("(a file beside resources/mongodb.rs)");
        }
    }
    serde_saphyr::to_string(&object).unwrap()
}

/// For each option, the objects that it changes.
#[test]
fn choices() {
    let plain = chosen("");
    for (name, lines) in CHOICES {
        let chosen = chosen(lines);
        let differs: Vec<Value> = chosen
            .iter()
            .filter(|object| !plain.contains(object))
            .cloned()
            .collect();
        let title = |object: &Value| {
            format!(
                "{}/{}",
                object["kind"].as_str().unwrap(),
                object["metadata"]["name"].as_str().unwrap()
            )
        };
        let names: Vec<String> = chosen.iter().map(title).collect();
        let gone = plain.iter().map(title).filter(|name| !names.contains(name));
        let gone: Vec<String> = gone.map(|name| format!("# without {name}\n")).collect();
        insta::with_settings!({description => lines}, {
            assert_snapshot!(name, gone.concat() + &yaml(&differs));
        });
    }
}

#[test]
fn no_password_stands_anywhere_but_in_secrets() {
    for (name, objects) in crate::environments::all() {
        for object in objects.iter().filter(|object| object["kind"] != "Secret") {
            let text = object.to_string();
            for password in ["root-password", "application-password", "pull-password"] {
                // The names of two entries are these words as well.
                let text = text
                    .replace("/root-password", "")
                    .replace("\\\"root-password\\\"", "");
                let text = text
                    .replace("/application-password", "")
                    .replace("\\\"application-password\\\"", "");
                assert!(
                    !text.contains(password),
                    "{name}: {} holds {password}",
                    object["kind"]
                );
            }
        }
    }
}
