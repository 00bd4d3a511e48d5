//! Formats the status of an environment as a tree. Pure.

use super::style;
use engine_core::status::tree::{Part, State};

/// Formats one line per part: its state in the left column, then its name, indented below its owner.
pub(super) fn lines(parts: &[Part]) -> String {
    let mut text = Vec::new();
    write(parts, 0, &mut text);
    text.join("\n")
}

fn write(parts: &[Part], indent: usize, text: &mut Vec<String>) {
    for part in parts {
        let colon = if part.detail.is_empty() { "" } else { ": " };
        text.push(format!(
            "{} {:indent$}{}{colon}{}",
            state(part.state),
            "",
            part.label(),
            part.detail
        ));
        write(&part.parts, indent + 2, text);
    }
}

/// The sign and the word for a state, padded to equal width.
fn state(state: State) -> String {
    let (word, colour): (&str, fn(&str) -> String) = match state {
        State::Ready => ("✓ ready", style::good),
        State::There => ("✓ there", style::good),
        State::Waiting => ("~ waiting", style::changed),
        State::Failed => ("! failed", style::bad),
        State::Missing => ("- missing", style::gone),
        State::Kept => ("= kept", style::faint),
        State::Unwanted => ("- unwanted", style::gone),
    };
    colour(&format!("{word:<10}"))
}
