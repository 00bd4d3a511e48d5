//! Formats JSON as YAML that is easy to read and that every parser reads alike. Pure.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use serde_saphyr::LitStr;

/// Fields that identify an object or an item. They come first, in this order.
const FIRST: [&str; 5] = ["apiVersion", "kind", "metadata", "name", "namespace"];

/// Comments by the place of the value that they describe: field names and item positions, from the root.
pub(super) type Comments = BTreeMap<Vec<String>, String>;

/// Writes one document, without the `---` separator.
pub(super) fn document(value: &Value) -> String {
    // Never folds a value over several lines: a diff shows each value as it is.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(&Ordered(value), options).expect("JSON is a subset of YAML")
}

/// Writes one document with comments at the end of lines.
///
/// The library's own comments follow scalars only; these also follow the names of tables and lists.
pub(super) fn commented(value: &Value, comments: &Comments) -> String {
    let mut lines: Vec<String> = document(value).lines().map(|line| format!("{line}\n")).collect();
    visit(value, &mut Vec::new(), 0, &mut |place, line| {
        if let (Some(comment), Some(line)) = (comments.get(place), lines.get_mut(line)) {
            line.insert_str(line.len() - 1, &format!("  # {comment}"));
        }
    });
    lines.concat()
}

/// Reports the line on which each part of a value begins; returns the line below the value.
fn visit(
    value: &Value,
    place: &mut Vec<String>,
    mut line: usize,
    begins: &mut impl FnMut(&[String], usize),
) -> usize {
    let mut part = |step: String, value: &Value, line, below| {
        place.push(step);
        begins(place, line);
        let end = visit(value, place, line + below, begins);
        place.pop();
        end
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in in_order(fields) {
                line = part(name.clone(), value, line, usize::from(has_parts(value)));
            }
            line
        }
        Value::Array(items) if !items.is_empty() => {
            for (position, item) in items.iter().enumerate() {
                line = part(position.to_string(), item, line, 0);
            }
            line
        }
        leaf => line + document(leaf).lines().count(),
    }
}

fn has_parts(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// Serializes identifying fields first and scripts as block scalars.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                serializer.collect_map(in_order(fields).map(|(name, value)| (name, Ordered(value))))
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            Value::String(text) if text.contains('\n') => LitStr(text).serialize(serializer),
            scalar => scalar.serialize(serializer),
        }
    }
}

/// Orders the identifying fields first and the rest by name.
fn in_order(fields: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let rank = |name: &str| FIRST.iter().position(|first| *first == name);
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| (rank(name).unwrap_or(FIRST.len()), *name));
    fields.into_iter()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn identity_stands_first_and_scripts_are_blocks() {
        assert_snapshot!(document(&json!({
            "data": {"a.sh": "#!/bin/sh\n\nexit 0\n", "b": "one\ntwo"},
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"labels": {"app.kubernetes.io/name": "api"}, "name": "scripts", "annotations": {}},
        })), @r"
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: scripts
          annotations: {}
          labels:
            app.kubernetes.io/name: api
        data:
          a.sh: |
            #!/bin/sh

            exit 0
          b: |-
            one
            two
        ");
    }

    #[test]
    fn items_stand_below_the_name_of_their_list() {
        assert_snapshot!(document(&json!({
            "containers": [{"image": "a:1", "name": "a", "args": ["--x", "1"], "env": []}, "b", [1, [2]]],
        })), @r#"
        containers:
        - name: a
          args:
          - --x
          - "1"
          env: []
          image: a:1
        - b
        - - 1
          - - 2
        "#);
    }

    #[test]
    fn what_another_parser_could_misread_is_quoted() {
        let texts = [
            "api",
            "250Mi",
            "service:dev",
            "/data",
            "v1:0",
            "",
            "no",
            "1e3",
            "0x1f",
            "2026-11-21",
            "12:30",
            "~",
            "- a",
            "a: b",
            "a #b",
            "a:",
            "\u{2028}",
            "1_000",
            ".5",
        ];
        let lines: Vec<String> = texts.iter().map(|text| document(&json!(text))).collect();
        assert_snapshot!(lines.join(" | ").replace('\n', ""), @r#"api | 250Mi | service:dev | /data | v1:0 | "" | "no" | "1e3" | "0x1f" | "2026-11-21" | "12:30" | "~" | "- a" | "a: b" | "a #b" | "a:" | "\L" | "1_000" | ".5""#);
    }

    #[test]
    fn comments_stand_at_the_end_of_first_lines() {
        let value =
            json!({"a": {"b": 1}, "c": ["x"], "d": [{"e": 1}], "f": {}, "g": "one\ntwo\n", "h": [[1]]});
        let places = ["a", "a/b", "c", "d/0", "f", "g", "h/0/0"];
        let place = |place: &str| place.split('/').map(str::to_owned).collect();
        let comments = places.map(|text| (place(text), format!("on {text}"))).into();
        assert_snapshot!(commented(&value, &comments), @"
        a:  # on a
          b: 1  # on a/b
        c:  # on c
        - x
        d:
        - e: 1  # on d/0
        f: {}  # on f
        g: |  # on g
          one
          two
        h:
        - - 1  # on h/0/0
        ");
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![any::<String>(), "[ \n\ta-c:#-]{0,12}", "[0-9a-zA-Z~.:_-]{0,6}",];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(text.clone(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_read_back(value in any_value()) {
            let text = document(&value);
            let read: Value = serde_saphyr::from_str(&text)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(&read, &value, "{}", text);
            prop_assert_eq!(visit(&value, &mut Vec::new(), 0, &mut |_, _| {}), text.lines().count(), "{}", text);
        }
    }
}
