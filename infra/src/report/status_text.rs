//! What is there of an environment as a tree of lines. Pure.

use super::style;
use engine_core::status::tree::{Part, State};

/// One line for each part: its state in a column on the left, then its name below that of its owner.
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

/// The sign and the word, padded to the width of the longest.
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
