//! What is done or waited for right now, on a line that moves: only where standard error is a terminal.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use engine::apply::Event;
use engine_core::object::ObjectId;

/// Fast enough to be seen moving, slow enough for a remote terminal.
const FRAME: Duration = Duration::from_millis(120);

/// The moving line, while something is under way.
#[derive(Default)]
pub(super) struct Live {
    state: Mutex<Option<Moving>>,
}

struct Moving {
    line: ProgressBar,
    waits: BTreeMap<ObjectId, String>,
}

/// A terminal that says it has four columns less: `^C` finds room behind the line, which is filled up to its end. It would
/// wrap otherwise, and the line could not be taken away.
#[derive(Debug)]
struct Narrow(Term);

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(4).max(1)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

impl Live {
    /// From now on shows what an apply waits for, where a terminal can.
    pub(super) fn begin(&self) {
        self.show("  {spinner} {elapsed:>4} {wide_msg}", "", Duration::ZERO);
    }

    /// From now on shows work that has been under way for a while, where a terminal can.
    pub(super) fn begin_work(&self, work: &str, since: Duration) {
        self.show("  {spinner} {work}", work, since);
    }

    fn show(&self, template: &str, work: &str, since: Duration) {
        let terminal = Term::stderr();
        if !terminal.features().is_attended() || std::env::var_os("TERM").is_none_or(|term| term == "dumb") {
            return;
        }
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Narrow(terminal)), 10);
        let work = work.to_owned();
        let style = ProgressStyle::with_template(template)
            .expect("the template is well-formed")
            .with_key("work", move |state: &ProgressState, line: &mut dyn fmt::Write| {
                // A line that cannot be composed is not shown.
                let _ = write!(line, "{work} … {} s", state.elapsed().as_secs());
            });
        let line = ProgressBar::with_draw_target(None, target)
            .with_style(style)
            .with_elapsed(since);
        line.enable_steady_tick(FRAME);
        let waits = BTreeMap::new();
        *self.lock() = Some(Moving { line, waits });
    }

    /// Takes the line away and leaves no trace of it.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    /// Prints something above the line.
    pub(super) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        // Nothing is locked while printing, which may block on whoever reads.
        let line = self.lock().as_ref().map(|moving| moving.line.clone());
        match line {
            Some(line) => line.suspend(print),
            None => print(),
        }
    }

    /// Takes note of an event; true when the line shows it, so that it needs no line of its own.
    pub(super) fn shows(&self, event: &Event) -> bool {
        let mut state = self.lock();
        let Some(moving) = state.as_mut() else {
            return false;
        };
        let is_shown = match event {
            Event::Waiting { id, cause } => {
                moving.waits.insert(id.clone(), cause.clone());
                true
            }
            Event::Done { id, .. }
            | Event::Ready { id }
            | Event::Failed { id, .. }
            | Event::Skipped { id, .. } => {
                moving.waits.remove(id);
                false
            }
        };
        moving.line.set_message(message(&moving.waits));
        is_shown
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Moving>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn message(waits: &BTreeMap<ObjectId, String>) -> String {
    let Some((id, cause)) = waits.first_key_value() else {
        return String::new();
    };
    match waits.len() {
        1 => format!("waiting for {id}: {cause}"),
        count => format!("waiting for {count} objects; {id}: {cause}"),
    }
}
