//! Number literals, and quotations in messages. Pure.

use super::Fault;

/// Messages shorten keys and literals, because clients choose them.
const SHOWN_CHARACTERS: usize = 40;

/// Shortens a text for a message.
pub(super) fn shorten(text: &str) -> String {
    let mut characters = text.chars();
    let mut quoted: String = characters.by_ref().take(SHOWN_CHARACTERS).collect();
    if characters.next().is_some() {
        quoted.push('…');
    }
    quoted
}

/// Returns why a number cannot be stored.
pub(super) fn number_fault(literal: &str) -> Fault {
    let quoted = shorten(literal);
    if literal.contains(['.', 'e', 'E']) {
        Fault::NumberOutOfRange { literal: quoted }
    } else {
        Fault::IntegerTooBig { literal: quoted }
    }
}

/// Tells a zero such as `0.0e5` from `1e-400`, which underflows to zero.
pub(super) fn is_zero(literal: &str) -> bool {
    let mantissa = literal.split(['e', 'E']).next().unwrap_or_default();
    !mantissa.contains(|digit: char| ('1'..='9').contains(&digit))
}
