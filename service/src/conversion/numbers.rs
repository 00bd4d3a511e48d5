//! The literals of the numbers in a JSON text, for the few whose digits `serde_json` has already thrown away. Pure.

/// A scanner that walks a JSON text from number to number, each byte once.
pub(super) struct Numbers<'text> {
    text: &'text [u8],
    position: usize,
    passed: usize,
}

impl<'text> Numbers<'text> {
    /// Starts before the first number of `text`.
    pub(super) fn new(text: &'text [u8]) -> Self {
        Self {
            text,
            position: 0,
            passed: 0,
        }
    }

    /// Returns the literal of the number at `index`, counted from 0; indexes must not go down from call to call.
    ///
    /// The text up to that number must be valid JSON, which the parser that asks has just made sure of.
    pub(super) fn literal(&mut self, index: usize) -> &'text str {
        loop {
            let literal = self.advance();
            self.passed += 1;
            if self.passed > index || literal.is_empty() {
                return literal;
            }
        }
    }

    fn advance(&mut self) -> &'text str {
        while let Some(byte) = self.text.get(self.position) {
            match byte {
                b'"' => self.skip_string(),
                b'-' | b'0'..=b'9' => return self.take_number(),
                _ => self.position += 1,
            }
        }
        ""
    }

    fn skip_string(&mut self) {
        self.position += 1;
        while let Some(byte) = self.text.get(self.position) {
            self.position += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                return;
            }
        }
    }

    fn take_number(&mut self) -> &'text str {
        let rest = &self.text[self.position..];
        let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        self.position += length;
        str::from_utf8(&rest[..length]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_strings_and_keys_are_not_counted() {
        let mut numbers = Numbers::new(br#"{"1": [2, "3\"4\\", -5.5e+3], "\\": {"6": 7}}"#);
        assert_eq!(numbers.literal(0), "2");
        assert_eq!(numbers.literal(1), "-5.5e+3");
        assert_eq!(numbers.literal(2), "7");
        assert_eq!(numbers.literal(3), "");
    }

    #[test]
    fn numbers_in_between_can_be_left_out() {
        assert_eq!(Numbers::new(b"[1,2,3,4]").literal(2), "3");
    }
}
