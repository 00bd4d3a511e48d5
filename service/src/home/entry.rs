//! Renders a document of the list: its id, its creation time and its members. Pure.

use std::fmt::Write as _;

use bson::RawDocument;
use bson::raw::RawBsonRef;

use super::html::{Text, cut};
use super::value::write_members;
use crate::conversion::Json;

/// Longer ids are cut.
const CHARACTERS_PER_ID: usize = 64;

/// Appends the document as a list item.
pub(super) fn write_entry(html: &mut String, document: &RawDocument) {
    let id = document.get("_id").ok().flatten();
    // As JSON, because `7` and `"7"` are different ids.
    let key = id
        .and_then(|id| serde_json::to_string(&Json(id)).ok())
        .unwrap_or_default();
    let (label, time) = match id {
        Some(RawBsonRef::ObjectId(id)) => (id.to_hex(), Some(id.timestamp())),
        _ => (key.clone(), None),
    };
    let (label, rest) = cut(&label, CHARACTERS_PER_ID);
    let dots = if rest.is_empty() { "" } else { "…" };
    let _ = write!(
        html,
        "<li data-id=\"{}\"><p class=\"id\"><code>{}{dots}</code>",
        Text(&key),
        Text(label)
    );
    if let Some(time) = time.and_then(|time| jiff::Timestamp::from_millisecond(time.timestamp_millis()).ok())
    {
        let _ = write!(
            html,
            " <time datetime=\"{time}\">{} UTC</time>",
            time.strftime("%Y-%m-%d %H:%M:%S")
        );
    }
    html.push_str("</p>");
    write_members(html, document, "_id");
    html.push_str("</li>\n");
}
