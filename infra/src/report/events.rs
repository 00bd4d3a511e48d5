//! Formats each event of an apply as one line. Pure.

use super::style;
use engine::apply::Event;
use engine::apply::event::Outcome;

pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Done { id, outcome } => {
            let word = format!("{:<8}", outcome.word());
            let word = match outcome {
                Outcome::Created => style::good(&word),
                Outcome::Changed | Outcome::Marked | Outcome::Adopted | Outcome::Replaced => {
                    style::changed(&word)
                }
                Outcome::Deleted => style::gone(&word),
            };
            format!("  {word} {id}")
        }
        Event::Waiting { id, cause } => {
            format!("  {} {id}: {cause}", style::faint(&format!("{:<8}", "waiting")))
        }
        Event::Ready { id } => format!("  {} {id}", style::good(&format!("{:<8}", "ready"))),
        Event::Failed { id, why } => {
            format!("  {} {id}: {why}", style::bad(&format!("{:<8}", "failed")))
        }
        Event::Skipped { id, because } => {
            let why = match because {
                Some(because) => format!("because of {because}"),
                None => "because of an earlier failure".to_owned(),
            };
            format!("  {} {id}: {why}", style::changed(&format!("{:<8}", "skipped")))
        }
    }
}
