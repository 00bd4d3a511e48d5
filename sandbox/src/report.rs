//! The only writer to stdout and stderr.
//!
//! A closed pipe, as in `| head`, is not an error: failed writes are dropped.

mod progress;
mod summary;

use std::{fmt::Display, io::Write as _};

use owo_colors::OwoColorize as _;

pub(crate) use self::progress::Progress;
pub(crate) use self::summary::{print as print_summary, print_status};
use crate::protocol::Event;

/// Writes a line of the result.
pub(crate) fn line(text: impl Display) {
    let _reader_gone = writeln!(anstream::stdout().lock(), "{text}");
}

/// Writes the heading of a demo step.
pub(crate) fn step(title: impl Display, about: impl Display) {
    line(format_args!(
        "\n{} {}",
        format_args!("▸ {title}").bold(),
        format_args!("— {about}").dimmed()
    ));
}

/// Writes a line under a heading.
pub(crate) fn detail(text: impl Display) {
    line(format_args!("  {text}"));
}

/// Writes a progress line or another note.
pub(crate) fn note(text: impl Display) {
    let _reader_gone = writeln!(anstream::stderr().lock(), "{text}");
}

/// Writes an error and its hint.
pub(crate) fn error(error: impl Display, hint: Option<impl Display>) {
    note(format_args!("{} {error}", "error:".red().bold()));
    if let Some(hint) = hint {
        note(format_args!("{} {hint}", "hint:".cyan().bold()));
    }
}

/// Sends an event to the launcher as a line of JSON.
pub(crate) fn event(event: &Event) {
    let Ok(text) = serde_json::to_string(event) else {
        return;
    };
    let mut output = std::io::stdout().lock();
    let _launcher_gone = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// Writes a line to the supervisor's log.
pub(crate) fn log(text: &str) {
    note(format_args!("{:.0} {text}", jiff::Timestamp::now()));
}
