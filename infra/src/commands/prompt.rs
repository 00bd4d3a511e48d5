//! Asks for confirmation on the terminal.

use std::io;

use anyhow::anyhow;
use tokio::sync::oneshot;

use super::{Exit, Failure};
use crate::report::Report;

/// The question, and the answer that confirms.
pub(super) enum Question {
    /// `y` or `yes`.
    YesOrNo(String),
    /// The word itself, such as the environment's name.
    Type {
        /// The question.
        text: String,
        /// The word to type.
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
        Question::Type { text, word } => format!("{text} Type `{word}` to continue:"),
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

/// Reads a line on a separate thread, so that Ctrl-C still works. End of input is an empty answer.
async fn read_line() -> String {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        // An unreadable input is not a confirmation.
        if io::stdin().read_line(&mut line).is_err() {
            line.clear();
        }
        let _ = sender.send(line.trim().to_owned());
    });
    receiver.await.unwrap_or_default()
}
