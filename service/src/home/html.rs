//! Escapes text for HTML elements and quoted attributes. Pure.

use std::fmt;

/// A text that displays escaped.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(index) = rest.find(['&', '<', '>', '"', '\'']) {
            formatter.write_str(&rest[..index])?;
            formatter.write_str(match rest.as_bytes()[index] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[index + 1..];
        }
        formatter.write_str(rest)
    }
}

/// Splits a text after so many characters.
pub(super) fn cut(text: &str, characters: usize) -> (&str, &str) {
    let end = text
        .char_indices()
        .nth(characters)
        .map_or(text.len(), |(index, _)| index);
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(Text(text).to_string(), expected);
        check("plain é", "plain é");
        check(
            "</script><img onerror='x' src=\"&\">",
            "&lt;/script&gt;&lt;img onerror=&#39;x&#39; src=&quot;&amp;&quot;&gt;",
        );
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aéb", 2), ("aé", "b"));
        assert_eq!(cut("aé", 2), ("aé", ""));
    }
}
