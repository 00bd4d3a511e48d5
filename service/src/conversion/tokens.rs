//! Splits JSON into tokens, for what `serde_json` does not report: the position of a value, and how a number is
//! written. Pure.

/// The kind of a token. Colons and white space are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    OpenArray,
    OpenObject,
    Close,
    Comma,
    String,
    /// A number, `true`, `false`, `null`, or anything in the place of one.
    Plain,
}

impl Kind {
    /// Keys and values are numbered; closing brackets and commas are not.
    fn is_numbered(self) -> bool {
        !matches!(self, Self::Close | Self::Comma)
    }
}

/// A token and its range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Scans a text once. Invalid JSON produces tokens, too.
pub(super) struct Tokens<'text> {
    text: &'text [u8],
    position: usize,
    numbered: usize,
}

impl<'text> Tokens<'text> {
    pub(super) fn new(text: &'text [u8]) -> Self {
        Self {
            text,
            position: 0,
            numbered: 0,
        }
    }

    /// Advances to the key or value with this number, counted from 0; numbers must increase from call to call.
    pub(super) fn numbered(&mut self, number: usize) -> Option<Token> {
        loop {
            let token = self.next()?;
            if token.kind.is_numbered() {
                self.numbered += 1;
                if self.numbered > number {
                    return Some(token);
                }
            }
        }
    }

    /// Advances like [`Self::numbered`], and returns the token's text.
    pub(super) fn literal(&mut self, number: usize) -> &'text str {
        let token = self.numbered(number);
        let bytes = token.map_or(&[][..], |token| &self.text[token.start..token.end]);
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let is_skipped = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b':');
        let rest = &self.text[self.position..];
        let start = self.position + rest.iter().position(|byte| !is_skipped(byte))?;
        let rest = &self.text[start..];
        let (kind, length) = match rest[0] {
            b'[' => (Kind::OpenArray, 1),
            b'{' => (Kind::OpenObject, 1),
            b']' | b'}' => (Kind::Close, 1),
            b',' => (Kind::Comma, 1),
            b'"' => (Kind::String, string_length(rest)),
            _ => (Kind::Plain, plain_length(rest)),
        };
        self.position = start + length;
        Some(Token {
            kind,
            start,
            end: self.position,
        })
    }
}

fn string_length(text: &[u8]) -> usize {
    let mut length = 1;
    while let Some(byte) = text.get(length) {
        length += if *byte == b'\\' { 2 } else { 1 };
        if *byte == b'"' {
            break;
        }
    }
    length.min(text.len())
}

fn plain_length(text: &[u8]) -> usize {
    let ends = |byte: &u8| b" \t\r\n:,[]{}\"".contains(byte);
    text.iter().position(ends).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_numbered_in_the_order_of_the_text() {
        let mut tokens = Tokens::new(br#" {"1": [2, "3\"]4\\", -5.5e+3], "\\": {"6": 7}}"#);
        assert_eq!(tokens.literal(0), "{");
        assert_eq!(tokens.literal(3), "2");
        assert_eq!(tokens.literal(4), r#""3\"]4\\""#);
        assert_eq!(tokens.literal(5), "-5.5e+3");
        assert_eq!(tokens.literal(6), r#""\\""#);
        assert_eq!(tokens.literal(9), "7");
        assert_eq!(tokens.literal(10), "");
    }

    #[test]
    fn a_string_without_an_end_ends_with_the_text() {
        for text in [r#"""#, r#""a"#, r#""a\"#, r#""a\""#] {
            let token = Tokens::new(text.as_bytes()).next().unwrap();
            assert_eq!((token.kind, token.end), (Kind::String, text.len()), "{text}");
        }
    }
}
