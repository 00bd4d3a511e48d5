//! Where in a JSON text something stands: line, column and JSON Pointer. Pure, and only asked for what is refused.

use super::tokens::{Kind, Token, Tokens};

/// Longer pointers are left out: they repeat what the client sent, and line and column say the same.
const POINTER_BYTES: usize = 1024;

/// A location in a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// Counted from 1.
    pub(crate) line: usize,
    /// In characters from 1; one more than the line has, where the text ends too early.
    pub(crate) column: usize,
    /// The value, or the key, as a JSON Pointer (RFC 6901).
    pub(crate) pointer: Option<String>,
}

impl Location {
    /// Describes the byte at `offset`. Everything before it must be UTF-8.
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

    /// Describes the key or value with this number; see [`Tokens::numbered`].
    pub(super) fn of_token(text: &[u8], number: usize) -> Self {
        let token = Tokens::new(text).numbered(number);
        Self::at(text, token.map_or(text.len(), |token| token.start))
    }
}

/// The way from the document to where the walk is: one step for each array and object that is open.
enum Step {
    Index(usize),
    Key(Option<Token>),
}

fn pointer(text: &[u8], offset: usize) -> Option<String> {
    let mut way: Vec<Step> = Vec::new();
    for token in Tokens::new(text).take_while(|token| token.start <= offset) {
        let is_here = token.start == offset;
        match (token.kind, way.last_mut()) {
            // The end of an array or object belongs to it, and so does what stands in location of a key.
            (Kind::OpenArray | Kind::OpenObject | Kind::Close | Kind::Comma, _) if is_here => {}
            (Kind::OpenArray, _) => way.push(Step::Index(0)),
            (Kind::OpenObject, _) => way.push(Step::Key(None)),
            (Kind::Close, _) => drop(way.pop()),
            (Kind::Comma, Some(Step::Index(index))) => *index += 1,
            (Kind::Comma, Some(Step::Key(key))) => *key = None,
            (Kind::String, Some(Step::Key(key @ None))) if is_here || token.end < offset => {
                *key = Some(token);
            }
            _ => {}
        }
    }
    let mut pointer = String::new();
    for step in way {
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

/// Reads a key; one that cannot be read, such as one with half a surrogate pair, is shown as it is written.
fn key(literal: &[u8]) -> String {
    serde_json::from_slice(literal).unwrap_or_else(|_| String::from_utf8_lossy(literal).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The location is where `^` stands in the text, which is taken out.
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
    fn what_is_no_value_is_in_the_innermost_that_is_open() {
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
