//! Renders BSON values as HTML. Nested values are folded, long ones cut. Pure.

use std::fmt::Write as _;

use bson::raw::RawBsonRef;
use bson::{RawArray, RawDocument};

use super::html::{Text, cut};
use crate::conversion::Json;

/// Enough to recognize a document; a page shows twenty.
const BYTES_PER_DOCUMENT: usize = 32 * 1024;

/// Longer texts are cut, with the number of omitted characters.
const CHARACTERS_PER_TEXT: usize = 1000;

/// Longer keys are cut.
const CHARACTERS_PER_KEY: usize = 100;

/// Deeper levels are not shown.
const LEVELS: usize = 32;

/// How much of its keys a folded document shows.
const CHARACTERS_PER_SUMMARY: usize = 48;

/// Appends the members of a document, except `skipped`.
pub(super) fn write_members(html: &mut String, document: &RawDocument, skipped: &str) {
    let end = html.len() + BYTES_PER_DOCUMENT;
    write_entries(html, members(document, Some(skipped)), end, 0);
}

fn members<'a>(
    document: &'a RawDocument,
    skipped: Option<&str>,
) -> impl Iterator<Item = (String, RawBsonRef<'a>)> {
    let members = document.iter().flatten();
    members
        .filter(move |(key, _)| Some(key.as_str()) != skipped)
        .map(|(key, value)| (Text(cut(key.as_str(), CHARACTERS_PER_KEY).0).to_string(), value))
}

fn write_entries<'a>(
    html: &mut String,
    entries: impl Iterator<Item = (String, RawBsonRef<'a>)>,
    end: usize,
    level: usize,
) {
    html.push_str("<dl>");
    let mut left_out = 0_usize;
    for (name, value) in entries {
        if html.len() > end {
            left_out += 1;
            continue;
        }
        let _ = write!(html, "<div><dt>{name}</dt><dd>");
        write_value(html, value, end, level);
        html.push_str("</dd></div>");
    }
    html.push_str("</dl>");
    if left_out > 0 {
        let _ = write!(html, "<p class=\"cut\">{left_out} more not shown</p>");
    }
}

fn write_value(html: &mut String, value: RawBsonRef<'_>, end: usize, level: usize) {
    match value {
        RawBsonRef::Document(document) => write_document(html, document, end, level + 1),
        RawBsonRef::Array(array) => write_array(html, array, end, level + 1),
        scalar => write_scalar(html, scalar),
    }
}

fn write_document(html: &mut String, document: &RawDocument, end: usize, level: usize) {
    let mut keys = String::new();
    let mut count = 0;
    for (key, _) in document.iter().flatten() {
        if keys.len() <= CHARACTERS_PER_SUMMARY {
            let separator = if count == 0 { "" } else { ", " };
            let _ = write!(keys, "{separator}{key}");
        }
        count += 1;
    }
    if count == 0 {
        html.push_str("{ }");
        return;
    }
    let (keys, rest) = cut(&keys, CHARACTERS_PER_SUMMARY);
    let dots = if rest.is_empty() { "" } else { "…" };
    let summary = format!("{{ {}{dots} }}", Text(keys));
    write_folded(html, &summary, members(document, None), end, level);
}

fn write_array(html: &mut String, array: &RawArray, end: usize, level: usize) {
    let count = array.into_iter().flatten().count();
    if count == 0 {
        html.push_str("[ ]");
        return;
    }
    let noun = if count == 1 { "item" } else { "items" };
    let items = array.into_iter().flatten().enumerate();
    let entries = items.map(|(index, value)| (index.to_string(), value));
    write_folded(html, &format!("[ {count} {noun} ]"), entries, end, level);
}

fn write_folded<'a>(
    html: &mut String,
    summary: &str,
    entries: impl Iterator<Item = (String, RawBsonRef<'a>)>,
    end: usize,
    level: usize,
) {
    let _ = write!(html, "<details><summary>{summary}</summary>");
    if level < LEVELS {
        write_entries(html, entries, end, level);
    } else {
        html.push_str("<p class=\"cut\">nested too deeply to show</p>");
    }
    html.push_str("</details>");
}

/// Renders the value's JSON as in the API, so that both show the same digits.
fn write_scalar(html: &mut String, value: RawBsonRef<'_>) {
    let class = match value {
        RawBsonRef::String(_) => "text",
        RawBsonRef::Int32(_) | RawBsonRef::Int64(_) | RawBsonRef::Double(_) => "number",
        _ => "word",
    };
    let json = serde_json::to_string(&Json(value)).unwrap_or_default();
    let (shown, rest) = cut(&json, CHARACTERS_PER_TEXT);
    let _ = write!(html, "<span class=\"{class}\">{}</span>", Text(shown));
    if !rest.is_empty() {
        let _ = write!(
            html,
            " <span class=\"cut\">… {} more characters</span>",
            rest.chars().count()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    fn shown(document: &RawDocument) -> String {
        let mut html = String::new();
        write_members(&mut html, document, "_id");
        html
    }

    #[test]
    fn nested_values_are_folded_and_everything_is_escaped() {
        let document = rawdoc! { "_id": 1, "<b>": "</script>", "n": 9_007_199_254_740_993_i64, "o": { "k\"": [true, {}] } };
        assert_eq!(
            shown(&document),
            "<dl><div><dt>&lt;b&gt;</dt><dd><span class=\"text\">&quot;&lt;/script&gt;&quot;</span></dd></div>\
             <div><dt>n</dt><dd><span class=\"number\">9007199254740993</span></dd></div>\
             <div><dt>o</dt><dd><details><summary>{ k&quot; }</summary>\
             <dl><div><dt>k&quot;</dt><dd><details><summary>[ 2 items ]</summary>\
             <dl><div><dt>0</dt><dd><span class=\"word\">true</span></dd></div><div><dt>1</dt><dd>{ }</dd></div></dl>\
             </details></dd></div></dl></details></dd></div></dl>"
        );
    }

    #[test]
    fn the_output_is_bounded_for_any_document() {
        let long = "x".repeat(100_000);
        assert!(shown(&rawdoc! { "long": long.as_str() }).contains("99002 more characters"));
        let mut wide = bson::RawDocumentBuf::new();
        let mut deep = rawdoc! {};
        for index in 0..100_000 {
            wide.append(bson::cstr!("k"), index);
        }
        for _ in 0..150 {
            deep = rawdoc! { "a": deep };
        }
        for document in [&wide, &deep] {
            let html = shown(document);
            assert!(html.len() < BYTES_PER_DOCUMENT * 2, "{}", html.len());
            assert!(html.contains("class=\"cut\""));
        }
    }
}
