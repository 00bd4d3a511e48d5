//! Why a typed document was not added, shown at the place that is at fault. Pure.

use std::fmt::Write as _;

use super::html::Text;
use crate::conversion::{Fault, Refusal};
use crate::database::Failure;
use crate::error::Error;

/// How much of the line is shown on each side of the fault.
const CHARACTERS_AROUND: usize = 32;

/// What was typed, and what is wrong with it.
pub(super) struct Rejected {
    pub(super) text: String,
    pub(super) error: Error,
}

impl Rejected {
    /// Writes the message that stands under the text area, and where the cursor belongs.
    pub(super) fn message(&self) -> String {
        let mut html = String::new();
        let refusal = match &self.error {
            Error::Document(refusal) => refusal,
            Error::Database(Failure::OutcomeUnknown) => {
                return "<p>Perhaps added: MongoDB did not confirm it in time. Look whether it is in the list before you add it \
                        again.</p>"
                    .to_owned();
            }
            error => return format!("<p>Not added: {}.</p>", Text(&error.detail())),
        };
        let Refusal { fault, pointer } = refusal;
        match fault {
            Fault::Syntax {
                message,
                line,
                column,
            } => {
                // The parser names the last character of a text that ends too early; what is missing comes behind it.
                let at = if message.starts_with("EOF") {
                    self.text.trim_end().len()
                } else {
                    offset(&self.text, *line, *column)
                };
                let (before, after) = self.text.split_at(at);
                let line_start = before.rfind('\n').map_or(0, |index| index + 1);
                let column = before[line_start..].chars().count() + 1;
                let line = before.matches('\n').count() + 1;
                let _ = write!(
                    html,
                    "<p data-at=\"{}\">Not added: {}. Line {line}, column {column}:</p>",
                    before.encode_utf16().count(),
                    Text(message)
                );
                write_excerpt(&mut html, &before[line_start..], after);
            }
            fault => {
                let _ = write!(html, "<p>Not added: {}.", Text(&fault.to_string()));
                if let Some(pointer) = pointer {
                    let _ = write!(html, " It stands at <code>{}</code>.", Text(pointer));
                }
                html.push_str("</p>");
            }
        }
        html
    }
}

/// Finds the byte in the text; the parser counts bytes from 1, and has 0 for a line break that it did not want.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut offset = (start + column).saturating_sub(1).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Writes the line with the character at fault marked; behind the end of the text that is a space.
fn write_excerpt(html: &mut String, before: &str, after: &str) {
    let after = after.split('\n').next().unwrap_or_default();
    let mut rest = after.chars();
    let marked = rest.next().map_or_else(|| " ".to_owned(), String::from);
    let skipped = before.chars().count().saturating_sub(CHARACTERS_AROUND);
    let start: String = before.chars().skip(skipped).collect();
    let end: String = rest.clone().take(CHARACTERS_AROUND).collect();
    let _ = write!(
        html,
        "<pre><code>{}{}<mark>{}</mark>{}{}</code></pre>",
        if skipped > 0 { "…" } else { "" },
        Text(&start),
        Text(&marked),
        Text(&end),
        if rest.count() > CHARACTERS_AROUND {
            "…"
        } else {
            ""
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::document_from_json;

    fn check(text: &str, expected: &str) {
        let error = Error::from(document_from_json(text.as_bytes()).unwrap_err());
        let text = text.to_owned();
        assert_eq!(Rejected { text, error }.message(), expected);
    }

    #[test]
    fn a_fault_is_marked_where_it_stands() {
        check(
            "{\n  \"é\": oh\n}",
            "<p data-at=\"9\">Not added: expected value. Line 2, column 8:</p>\
             <pre><code>  &quot;é&quot;: <mark>o</mark>h</code></pre>",
        );
        check(
            "{\"a\": 1",
            "<p data-at=\"7\">Not added: EOF while parsing an object. Line 1, column 8:</p>\
             <pre><code>{&quot;a&quot;: 1<mark> </mark></code></pre>",
        );
        check(
            "[1]",
            "<p>Not added: a JSON object is expected, this is an array.</p>",
        );
        check(
            "{\"a\": {\"<\": 1, \"<\": 2}}",
            "<p>Not added: the key `&lt;` stands twice in one object. It stands at <code>/a/&lt;</code>.</p>",
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_fault() {
        let text = format!("{{\"a\": \"{}\", oh{}", "x".repeat(100), "y".repeat(100));
        let error = Error::from(document_from_json(text.as_bytes()).unwrap_err());
        let html = Rejected { text, error }.message();
        assert!(
            html.contains("<pre><code>…xxx") && html.contains("<mark>o</mark>hyyy"),
            "{html}"
        );
        assert!(html.contains("yyy…</code>"), "{html}");
    }
}
