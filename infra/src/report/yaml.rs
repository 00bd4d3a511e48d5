//! JSON as YAML that people like to read and every parser reads alike. Pure.
//!
//! Written here and not by a library for the order of fields, for scripts as blocks, and for a comment behind a field.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Fields that say what an object or an item is; they stand first, in this order.
const FIRST: [&str; 5] = ["apiVersion", "kind", "metadata", "name", "namespace"];

/// Words that YAML 1.1, and with it kubectl, reads as something else than text.
const WORDS: [&str; 10] = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "none",
];

/// Units behind whole numbers that make them text, as in `250Mi`.
const UNITS: [&str; 10] = ["m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti"];

/// A value with what is said about it and its parts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) content: Content,
    /// Stands behind the value's first line.
    pub(super) comment: Option<String>,
}

/// What stands in a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Fields(Vec<(String, Node)>),
    Items(Vec<Node>),
    /// Text, number, truth value or null.
    Scalar(Value),
    /// Something that is there and must not be seen.
    Hidden,
}

impl Node {
    pub(super) fn new(content: Content) -> Self {
        Self {
            content,
            comment: None,
        }
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        Self::new(match value {
            Value::Object(fields) => Content::Fields(in_order(fields)),
            Value::Array(items) => Content::Items(items.iter().map(Self::from).collect()),
            scalar => Content::Scalar(scalar.clone()),
        })
    }
}

fn in_order(fields: &Map<String, Value>) -> Vec<(String, Node)> {
    let mut fields: Vec<(String, Node)> = fields
        .iter()
        .map(|(name, value)| (name.clone(), Node::from(value)))
        .collect();
    sort(&mut fields);
    fields
}

/// Puts what says what an object is before the rest, which is sorted by name.
fn sort(fields: &mut [(String, Node)]) {
    let rank = |name: &str| FIRST.iter().position(|first| *first == name);
    fields.sort_by(|(one, _), (other, _)| {
        let rank = |name| rank(name).unwrap_or(FIRST.len());
        rank(one).cmp(&rank(other)).then_with(|| one.cmp(other))
    });
}

/// Sorts the fields of a value and of all its parts.
pub(super) fn sort_all(node: &mut Node) {
    match &mut node.content {
        Content::Fields(fields) => {
            sort(fields);
            for (_, node) in fields {
                sort_all(node);
            }
        }
        Content::Items(items) => items.iter_mut().for_each(sort_all),
        Content::Scalar(_) | Content::Hidden => {}
    }
}

/// Writes one document, without the line that separates it from others.
pub(super) fn document(node: &Node) -> String {
    let mut text = String::new();
    match &node.content {
        Content::Fields(fields) if !fields.is_empty() => write_fields(fields, 0, &mut text),
        Content::Items(items) if !items.is_empty() => write_items(items, 0, &mut text),
        _ => {
            text.push_str(&inline(node, 0));
            text.push('\n');
        }
    }
    text
}

fn write_fields(fields: &[(String, Node)], indent: usize, text: &mut String) {
    for (position, (name, node)) in fields.iter().enumerate() {
        // The first field of an item stands behind its dash.
        if position > 0 || text.is_empty() || text.ends_with('\n') {
            let _ = write!(text, "{:indent$}", "");
        }
        let _ = write!(text, "{}:", key(name));
        write_value(node, indent, text);
    }
}

/// Writes what stands behind a field's colon.
fn write_value(node: &Node, indent: usize, text: &mut String) {
    match &node.content {
        Content::Fields(fields) if !fields.is_empty() => {
            let _ = writeln!(text, "{}", comment(node));
            write_fields(fields, indent + 2, text);
        }
        Content::Items(items) if !items.is_empty() => {
            let _ = writeln!(text, "{}", comment(node));
            write_items(items, indent, text);
        }
        _ => {
            let _ = writeln!(text, " {}", inline(node, indent + 2));
        }
    }
}

fn write_items(items: &[Node], indent: usize, text: &mut String) {
    for item in items {
        let _ = write!(text, "{:indent$}-", "");
        match &item.content {
            Content::Fields(fields) if !fields.is_empty() => {
                match &item.comment {
                    Some(_) => {
                        let _ = writeln!(text, "{}", comment(item));
                    }
                    None => text.push(' '),
                }
                write_fields(fields, indent + 2, text);
            }
            Content::Items(inner) if !inner.is_empty() => {
                let _ = writeln!(text, "{}", comment(item));
                write_items(inner, indent + 2, text);
            }
            _ => {
                let _ = writeln!(text, " {}", inline(item, indent + 2));
            }
        }
    }
}

fn comment(node: &Node) -> String {
    node.comment
        .as_ref()
        .map_or_else(String::new, |comment| format!("  # {comment}"))
}

/// Writes a value that stands on the line of its name, its comment included; `indent` is that of the lines below.
fn inline(node: &Node, indent: usize) -> String {
    let comment = comment(node);
    match &node.content {
        Content::Hidden => format!("(not shown){comment}"),
        Content::Fields(_) => format!("{{}}{comment}"),
        Content::Items(_) => format!("[]{comment}"),
        Content::Scalar(Value::String(string)) if is_block(string) => block(string, indent, &comment),
        Content::Scalar(Value::String(string)) if is_plain(string) => format!("{string}{comment}"),
        Content::Scalar(Value::String(string)) => format!("{}{comment}", quoted(string)),
        Content::Scalar(other) => format!("{other}{comment}"),
    }
}

fn key(name: &str) -> String {
    if is_plain(name) && !name.contains(':') {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Whether every YAML parser reads the bare text as this text. Leaves out much that would be fine.
fn is_plain(text: &str) -> bool {
    let is_amount = || {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number && UNITS.contains(&&text[digits.len()..])
    };
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && !text.ends_with(':')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_./:@-".contains(&byte))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    is_word || is_amount()
}

/// Whether a text of several lines can stand as a block.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && body
            .chars()
            .all(|letter| matches!(letter, '\n' | '\t') || !must_be_escaped(letter))
}

fn block(text: &str, indent: usize, comment: &str) -> String {
    let chomping = if text.ends_with('\n') { "" } else { "-" };
    let mut block = format!("|{chomping}{comment}");
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        block.push('\n');
        if !line.is_empty() {
            let _ = write!(block, "{:indent$}{line}", "");
        }
    }
    block
}

/// Characters that JSON leaves as they are and YAML does not.
fn must_be_escaped(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// JSON's quoted text is YAML's.
fn quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    json.chars().fold(String::new(), |mut quoted, letter| {
        if must_be_escaped(letter) {
            let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
        } else {
            quoted.push(letter);
        }
        quoted
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(value: &Value) -> String {
        document(&Node::from(value))
    }

    #[test]
    fn identity_stands_first_and_scripts_are_blocks() {
        assert_snapshot!(check(&json!({
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
        assert_snapshot!(check(&json!({
            "containers": [{"image": "a:1", "name": "a", "args": ["--x", "1"], "env": []}, "b", [1, [2]]],
        })), @r#"
        containers:
        - name: a
          args:
          - "--x"
          - "1"
          env: []
          image: a:1
        - b
        -
          - 1
          -
            - 2
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
        let lines: Vec<String> = texts
            .iter()
            .map(|text| inline(&Node::from(&json!(text)), 0))
            .collect();
        assert_snapshot!(lines.join(" | "), @r#"api | 250Mi | service:dev | /data | v1:0 | "" | "no" | "1e3" | "0x1f" | "2026-11-21" | "12:30" | "~" | "- a" | "a: b" | "a #b" | "a:" | "\u2028" | "1_000" | ".5""#);
    }

    #[test]
    fn a_comment_stands_behind_the_first_line() {
        let mut node = Node::from(&json!({"a": {"b": 1}, "c": ["x"], "d": [{"e": 1}]}));
        let Content::Fields(fields) = &mut node.content else {
            unreachable!()
        };
        for (_, node) in fields.iter_mut() {
            node.comment = Some("said".to_owned());
        }
        let Content::Items(items) = &mut fields[2].1.content else {
            unreachable!()
        };
        items[0].comment = Some("item".to_owned());
        assert_snapshot!(document(&node), @r"
        a:  # said
          b: 1
        c:  # said
        - x
        d:  # said
        -  # item
          e: 1
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
            let text = document(&Node::from(&value));
            let read: Value = serde_saphyr::from_str(&text)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}
