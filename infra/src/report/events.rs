//! One line for each thing that happens during an apply. Pure.

use super::style;
use crate::apply::Event;
use crate::apply::event::Deed;

pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Done { id, deed } => {
            let word = format!("{:<8}", deed.word());
            let word = match deed {
                Deed::Created => style::good(&word),
                Deed::Changed | Deed::Marked | Deed::Adopted | Deed::Replaced => style::changed(&word),
                Deed::Deleted => style::gone(&word),
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
                None => "because of what failed before".to_owned(),
            };
            format!("  {} {id}: {why}", style::changed(&format!("{:<8}", "skipped")))
        }
    }
}
