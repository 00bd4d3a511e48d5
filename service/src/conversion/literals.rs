//! Numbers as they are written, and what is quoted of a text in messages. Pure.

use super::Fault;

/// Keys and literals are cut in messages, as they come from outside.
const QUOTED_CHARACTERS: usize = 40;

/// Returns the beginning.
pub(super) fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let mut quoted: String = characters.by_ref().take(QUOTED_CHARACTERS).collect();
    if characters.next().is_some() {
        quoted.push('…');
    }
    quoted
}

/// Says why a number cannot be stored.
pub(super) fn number_fault(literal: &str) -> Fault {
    let quoted = quoted(literal);
    if literal.contains(['.', 'e', 'E']) {
        Fault::NumberOutOfRange { literal: quoted }
    } else {
        Fault::IntegerTooBig { literal: quoted }
    }
}

/// A literal such as `0.0e5`, as against `1e-400`, which only becomes zero.
pub(super) fn is_zero(literal: &str) -> bool {
    let mantissa = literal.split(['e', 'E']).next().unwrap_or_default();
    !mantissa.contains(|digit: char| ('1'..='9').contains(&digit))
}
