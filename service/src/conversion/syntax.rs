//! Translates the errors of `serde_json`. Pure.

use super::{Fault, Location, Refusal};

/// Describes a syntax error.
pub(super) fn syntax_refusal(text: &[u8], error: &serde_json::Error) -> Refusal {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    Refusal {
        fault: Fault::Syntax {
            message: message.to_owned(),
        },
        location: Location::at(text, offset(text, error)),
    }
}

/// Returns the offset of a syntax error.
///
/// `serde_json` counts the bytes of the line up to and including the faulty one, and reports 0 for the preceding line
/// break.
pub(super) fn offset(text: &[u8], error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let mut starts = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let line_start = match error.line().checked_sub(2) {
        Some(newlines) => starts.nth(newlines).map_or(0, |(newline, _)| newline + 1),
        None => 0,
    };
    let mut offset = (line_start + error.column()).saturating_sub(1).min(text.len());
    // Within a multi-byte character, report its first byte.
    while offset > 0
        && text
            .get(offset)
            .is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000)
    {
        offset -= 1;
    }
    offset
}
