//! Locates a fault in a JSON text by line, column and JSON Pointer. Pure, and only used for refusals.

use super::tokens::{Kind, Token, Tokens};

/// Longer pointers are omitted: they repeat the client's input, and line and column suffice.
const POINTER_BYTES: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// Starts at 1.
    pub(crate) line: usize,
    /// In characters, starting at 1. Beyond the end of the line if the text ends too early.
    pub(crate) column: usize,
    /// The value or key as a JSON Pointer (RFC 6901).
    pub(crate) pointer: Option<String>,
}

impl Location {
    /// Locates the byte at `offset`. Everything before it must be UTF-8.
    pub(super) fn at(text: &[u8], offset: usize) -> Self {
        let before = &text[..offset];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        let starts_character = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        Self {
            line: before.split(|byte| *byte == b'\n').count(),
            column: 1 + before[line_start..].iter().filter(starts_character).count(),
            pointer: pointer(text, offset),
        }
    }

    /// Locates the key or value with this number; see [`Tokens::numbered`].
    pub(super) fn of_token(text: &[u8], number: usize) -> Self {
        let token = Tokens::new(text).numbered(number);
        Self::at(text, token.map_or(text.len(), |token| token.start))
    }
}

/// One step from the document to the current token, for each open array or object.
enum Step {
    Index(usize),
    Key(Option<Token>),
}

fn pointer(text: &[u8], offset: usize) -> Option<String> {
    let mut path: Vec<Step> = Vec::new();
    for token in Tokens::new(text).take_while(|token| token.start <= offset) {
        let is_here = token.start == offset;
        match (token.kind, path.last_mut()) {
            // The end of an array or object belongs to it, and so does a token in the place of a key.
            (Kind::OpenArray | Kind::OpenObject | Kind::Close | Kind::Comma, _) if is_here => {}
            (Kind::OpenArray, _) => path.push(Step::Index(0)),
            (Kind::OpenObject, _) => path.push(Step::Key(None)),
            (Kind::Close, _) => drop(path.pop()),
            (Kind::Comma, Some(Step::Index(index))) => *index += 1,
            (Kind::Comma, Some(Step::Key(key))) => *key = None,
            (Kind::String, Some(Step::Key(key @ None))) if is_here || token.end < offset => {
                *key = Some(token);
            }
            _ => {}
        }
    }
    let mut pointer = String::new();
    for step in path {
        let segment = match step {
            Step::Index(index) => index.to_string(),
            Step::Key(Some(token)) => key(&text[token.start..token.end]),
            Step::Key(None) => continue,
        };
        if pointer.len() + segment.len() >= POINTER_BYTES {
            return None;
        }
        pointer.push('/');
        pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
    }
    Some(pointer)
}

/// Decodes a key; an invalid one, for example with an unpaired surrogate, is shown as written.
fn key(literal: &[u8]) -> String {
    serde_json::from_slice(literal).unwrap_or_else(|_| String::from_utf8_lossy(literal).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expects the location of `^`, which is removed from the text.
    fn check(text: &str, line: usize, column: usize, pointer: &str) {
        let offset = text.find('^').unwrap();
        let expected = Location {
            line,
            column,
            pointer: Some(pointer.to_owned()),
        };
        assert_eq!(
            Location::at(text.replace('^', "").as_bytes(), offset),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_value_and_a_key_are_pointed_at() {
        check(r#"^{"a":1}"#, 1, 1, "");
        check(r#"{^"a":1}"#, 1, 2, "/a");
        check(r#"{"a":^1}"#, 1, 6, "/a");
        check(r#"{"a":^[1]}"#, 1, 6, "/a");
        check(r#"{"a":1,"b/c~":[{},^3]}"#, 1, 19, "/b~1c~0/1");
        check("{\"é\":1,\n \"\\u0062\":\n[true, ^false]}", 3, 8, "/b/1");
        check(r#"{"a":{"b":1},"c":^2}"#, 1, 18, "/c");
    }

    #[test]
    fn other_faults_are_located_in_the_innermost_open_value() {
        check(r#"{"a":1} ^x"#, 1, 9, "");
        check(r#"{"a" ^1}"#, 1, 6, "/a");
        check(r#"{"a":[1,2^"#, 1, 10, "/a/1");
        check(r#"{"a":[1,2^}"#, 1, 10, "/a/1");
        check(r#"{"a":1,^}"#, 1, 8, "");
        check(r#"{"a":1,"b^"#, 1, 10, "");
        check(r#"{"a":{"b\^x":1}}"#, 1, 10, "/a");
    }

    #[test]
    fn a_pointer_that_is_too_long_is_left_out() {
        let text = format!(r#"{{"{}":1}}"#, "x".repeat(1024));
        assert_eq!(Location::of_token(text.as_bytes(), 2).pointer, None);
        assert_eq!(
            Location::of_token(text.as_bytes(), 0).pointer.as_deref(),
            Some("")
        );
    }
}
