//! The progress line: shows current work or waits, only if standard error is a terminal.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use engine::apply::Event;
use engine_core::object::ObjectId;

/// Fast enough to look alive, slow enough for a remote terminal.
const FRAME: Duration = Duration::from_millis(120);

/// The progress line, shown while work is in progress.
#[derive(Default)]
pub(super) struct Live {
    state: Mutex<Option<Moving>>,
}

struct Moving {
    line: ProgressBar,
    waits: BTreeMap<ObjectId, String>,
}

/// A terminal that reports four columns fewer, so that an echoed `^C` fits after the line, which fills the width. Without the
/// room the line would wrap and could not be cleared.
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
    /// Starts to show what an apply waits for, if the terminal supports it.
    pub(super) fn begin(&self) {
        self.show("  {spinner} {elapsed:>4} {wide_msg}", "", Duration::ZERO);
    }

    /// Starts to show work that has been running for `since`, if the terminal supports it.
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
                // If formatting fails, the line stays empty.
                let _ = write!(line, "{work} … {} s", state.elapsed().as_secs());
            });
        let line = ProgressBar::with_draw_target(None, target)
            .with_style(style)
            .with_elapsed(since);
        line.enable_steady_tick(FRAME);
        let waits = BTreeMap::new();
        *self.lock() = Some(Moving { line, waits });
    }

    /// Clears the line.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    /// Prints something above the line.
    pub(super) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        // Holds no lock while printing: a slow reader may block it.
        let line = self.lock().as_ref().map(|moving| moving.line.clone());
        match line {
            Some(line) => line.suspend(print),
            None => print(),
        }
    }

    /// Records an event; true if the progress line shows it, so that it needs no separate line.
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
