//! Questions to the person at the keyboard.

use std::io;

use anyhow::anyhow;
use tokio::sync::oneshot;

use super::{Exit, Failure};
use crate::report::Report;

/// What counts as consent.
pub(super) enum Question {
    /// `y` or `yes`.
    YesOrNo(String),
    /// The word, typed out.
    Type {
        /// The question.
        text: String,
        /// The word.
        word: String,
    },
}

/// Asks, unless `yes` was given on the command line.
pub(super) async fn confirm(question: &Question, yes: bool, report: &Report) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let text = match question {
        Question::YesOrNo(text) => format!("{text} [y/N]"),
        Question::Type { text, word } => format!("{text} Type `{word}` to go on:"),
    };
    if report.ask(&text).is_none() {
        return Err(Failure::new(
            Exit::Refused,
            anyhow!("cannot ask for confirmation: standard input is not a terminal"),
        )
        .with_hint("pass --yes to skip confirmation"));
    }
    let answer = read_line().await;
    let agreed = match question {
        Question::YesOrNo(_) => matches!(answer.to_lowercase().as_str(), "y" | "yes"),
        Question::Type { word, .. } => answer == *word,
    };
    if agreed {
        Ok(())
    } else {
        Err(Failure::new(
            Exit::Refused,
            anyhow!("not confirmed: nothing was changed"),
        ))
    }
}

/// Reads a line on a thread of its own, so that Ctrl-C is heard meanwhile. End of input is an empty answer.
async fn read_line() -> String {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        // An input that cannot be read is no consent.
        if io::stdin().read_line(&mut line).is_err() {
            line.clear();
        }
        let _ = sender.send(line.trim().to_owned());
    });
    receiver.await.unwrap_or_default()
}
