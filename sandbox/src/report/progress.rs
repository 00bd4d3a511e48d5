//! What is being done right now: a moving line on a terminal, a plain line per step or half minute elsewhere.

use std::{
    io::IsTerminal as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::note;

/// Shows steps until it is dropped.
pub(crate) struct Progress {
    mode: Mode,
}

enum Mode {
    Silent,
    /// A test run: only what takes minutes is told.
    Builds(Mutex<Instant>),
    Lines(Mutex<Instant>),
    Moving(ProgressBar),
}

/// How often a long task says, without a terminal, that it is still at it.
const INTERVAL: Duration = Duration::from_secs(30);
const FRAME: Duration = Duration::from_millis(120);

impl Progress {
    pub(crate) fn silent() -> Self {
        Self { mode: Mode::Silent }
    }

    pub(crate) fn of_builds() -> Self {
        Self {
            mode: Mode::Builds(Mutex::new(Instant::now())),
        }
    }

    /// Chooses by whether stderr is a terminal.
    pub(crate) fn start() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self {
                mode: Mode::Lines(Mutex::new(Instant::now())),
            };
        }
        let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}")
            .expect("the template is well-formed");
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(FRAME);
        Self {
            mode: Mode::Moving(bar),
        }
    }

    /// A short step of a start.
    pub(crate) fn step(&self, text: &str) {
        match &self.mode {
            Mode::Silent | Mode::Builds(_) => {}
            Mode::Lines(_) => note(text),
            Mode::Moving(bar) => bar.set_message(text.to_owned()),
        }
    }

    /// A task of minutes begins.
    pub(crate) fn task(&self, text: &str) {
        match &self.mode {
            Mode::Silent => {}
            Mode::Builds(last) | Mode::Lines(last) => {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                note(text);
            }
            Mode::Moving(bar) => {
                bar.suspend(|| note(text));
                bar.set_message(text.to_owned());
            }
        }
    }

    /// Where a task of minutes is now; may be called as often as it moves.
    pub(crate) fn detail(&self, text: &str) {
        match &self.mode {
            Mode::Silent => {}
            Mode::Builds(last) | Mode::Lines(last) => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() >= INTERVAL {
                    *last = Instant::now();
                    note(text);
                }
            }
            Mode::Moving(bar) => bar.set_message(text.to_owned()),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Mode::Moving(bar) = &self.mode {
            bar.finish_and_clear();
        }
    }
}
