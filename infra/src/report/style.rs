//! Colours, named by meaning. The outputs strip them if colour is off.

use owo_colors::OwoColorize as _;

pub(super) fn good(text: &str) -> String {
    text.green().to_string()
}

pub(super) fn changed(text: &str) -> String {
    text.yellow().to_string()
}

pub(super) fn bad(text: &str) -> String {
    text.red().bold().to_string()
}

pub(super) fn gone(text: &str) -> String {
    text.red().to_string()
}

pub(super) fn warning(text: &str) -> String {
    text.yellow().bold().to_string()
}

pub(super) fn hint(text: &str) -> String {
    text.cyan().to_string()
}

pub(super) fn faint(text: &str) -> String {
    text.dimmed().to_string()
}
