//! Why a text is not a valid value. Pure.

/// Why a text is not valid; shown beside the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub(super) String);

impl InvalidValue {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Escapes control characters and shortens a text to one line.
pub(super) fn printable(text: &str) -> String {
    const LONGEST: usize = 60;
    let escaped: String = text.chars().flat_map(escape_control).collect();
    if escaped.chars().count() <= LONGEST {
        return escaped;
    }
    escaped.chars().take(LONGEST).chain(['…']).collect()
}

fn escape_control(character: char) -> Vec<char> {
    if character.is_control() {
        character.escape_default().collect()
    } else {
        vec![character]
    }
}
