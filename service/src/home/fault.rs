//! Renders why a document was not added, and marks the fault. Pure.

use std::fmt::Write as _;

use super::html::Text;
use crate::conversion::{Fault, Location, Refusal};
use crate::database::Failure;
use crate::error::Error;

/// How much of the line is shown on each side of the fault.
const CHARACTERS_AROUND: usize = 32;

/// The typed text and its error.
pub(super) struct Rejected {
    pub(super) text: String,
    pub(super) error: Error,
}

impl Rejected {
    /// Renders the message below the text area, and the cursor position.
    pub(super) fn message(&self) -> String {
        let refusal = match &self.error {
            Error::Document(refusal) => refusal,
            Error::Database(Failure::OutcomeUnknown) => {
                return "<p>Outcome unknown: MongoDB did not confirm the insert in time. Check the list before you add it again.</p>"
                    .to_owned();
            }
            error => return format!("<p>Not added: {}.</p>", Text(&error.detail())),
        };
        let Refusal { fault, location } = refusal;
        let words = match fault {
            Fault::Empty => return format!("<p>Not added: {}.</p>", Text(&fault.to_string())),
            Fault::Syntax { message } => message.clone(),
            fault => fault.to_string(),
        };
        let (before, after) = self.text.split_at(offset(&self.text, location));
        let mut html = format!(
            "<p data-at=\"{}\">Not added: {}. Line {}, column {}",
            before.encode_utf16().count(),
            Text(&words),
            location.line,
            location.column
        );
        if let Some(pointer) = location.pointer.as_deref().filter(|pointer| !pointer.is_empty()) {
            let _ = write!(html, ", at <code>{}</code>", Text(pointer));
        }
        html.push_str(":</p>");
        let line_start = before.rfind('\n').map_or(0, |index| index + 1);
        write_excerpt(&mut html, &before[line_start..], after);
        html
    }
}

/// Returns the byte offset of the location, at most the length of the text.
fn offset(text: &str, location: &Location) -> usize {
    let lines = text.split_inclusive('\n').take(location.line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let mut characters = text[start..].char_indices();
    let offset = characters.nth(location.column.saturating_sub(1));
    offset.map_or(text.len(), |(offset, _)| start + offset)
}

/// Renders the line with the faulty character marked; at the end of the text, a space.
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
    use bson::oid::ObjectId;

    use super::*;
    use crate::conversion::{NewId, document_from_json};

    fn check(text: &str, expected: &str) {
        let error =
            Error::from(document_from_json(text.as_bytes(), NewId::IfMissing(ObjectId::new())).unwrap_err());
        let text = text.to_owned();
        assert_eq!(Rejected { text, error }.message(), expected);
    }

    #[test]
    fn a_fault_is_marked_in_its_line() {
        check(
            "{\n  \"é\": oh\n}",
            "<p data-at=\"9\">Not added: expected value. Line 2, column 8, at <code>/é</code>:</p>\
             <pre><code>  &quot;é&quot;: <mark>o</mark>h</code></pre>",
        );
        check(
            "{\"a\": 1",
            "<p data-at=\"7\">Not added: EOF while parsing an object. Line 1, column 8, at <code>/a</code>:</p>\
             <pre><code>{&quot;a&quot;: 1<mark> </mark></code></pre>",
        );
        check("", "<p>Not added: the body is empty; expected a JSON object.</p>");
        check(
            "[1]",
            "<p data-at=\"0\">Not added: expected a JSON object, found an array. Line 1, column 1:</p>\
             <pre><code><mark>[</mark>1]</code></pre>",
        );
        check(
            "{\"a\": {\"<\": 1, \"<\": 2}}",
            "<p data-at=\"15\">Not added: duplicate key `&lt;`. Line 1, column 16, at <code>/a/&lt;</code>:</p>\
             <pre><code>{&quot;a&quot;: {&quot;&lt;&quot;: 1, <mark>&quot;</mark>&lt;&quot;: 2}}</code></pre>",
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_fault() {
        let text = format!("{{\"a\": \"{}\", oh{}", "x".repeat(100), "y".repeat(100));
        let error =
            Error::from(document_from_json(text.as_bytes(), NewId::IfMissing(ObjectId::new())).unwrap_err());
        let html = Rejected { text, error }.message();
        assert!(
            html.contains("<pre><code>…xxx") && html.contains("<mark>o</mark>hyyy"),
            "{html}"
        );
        assert!(html.contains("yyy…</code>"), "{html}");
    }
}
