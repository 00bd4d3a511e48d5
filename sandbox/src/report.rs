//! The only writer to stdout and stderr.
//!
//! A reader that went away, as in `| head`, is no error: what cannot be written is dropped.

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

/// Writes a line about what is being done.
pub(crate) fn note(text: impl Display) {
    let _reader_gone = writeln!(anstream::stderr().lock(), "{text}");
}

/// Writes an error and the way out.
pub(crate) fn error(error: impl Display, hint: Option<impl Display>) {
    note(format_args!("{} {error}", "error:".red().bold()));
    if let Some(hint) = hint {
        note(format_args!("{} {hint}", "hint:".cyan().bold()));
    }
}

/// Tells the starter what the supervisor does; plain JSON, whatever the terminal.
pub(crate) fn event(event: &Event) {
    let Ok(text) = serde_json::to_string(event) else {
        return;
    };
    let mut output = std::io::stdout().lock();
    let _starter_gone = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// Writes a line of the supervisor's log.
pub(crate) fn log(text: &str) {
    note(format_args!("{:.0} {text}", jiff::Timestamp::now()));
}
