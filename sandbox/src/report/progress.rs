//! Progress: a spinner on a terminal, elsewhere plain lines at most every half minute per task.

use std::{
    io::IsTerminal as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::note;

/// Shows progress until it is dropped.
pub(crate) struct Progress {
    mode: Mode,
}

enum Mode {
    Silent,
    /// For test runs: shows only tasks of minutes.
    Builds(Mutex<Instant>),
    Lines(Mutex<Instant>),
    Spinner(ProgressBar),
}

/// The interval between the progress lines of a long task without a terminal.
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

    /// Chooses the mode by whether stderr is a terminal.
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
            mode: Mode::Spinner(bar),
        }
    }

    /// Shows a short step.
    pub(crate) fn step(&self, text: &str) {
        match &self.mode {
            Mode::Silent | Mode::Builds(_) => {}
            Mode::Lines(_) => note(text),
            Mode::Spinner(bar) => bar.set_message(text.to_owned()),
        }
    }

    /// Announces a task of minutes.
    pub(crate) fn task(&self, text: &str) {
        match &self.mode {
            Mode::Silent => {}
            Mode::Builds(last) | Mode::Lines(last) => {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                note(text);
            }
            Mode::Spinner(bar) => {
                bar.suspend(|| note(text));
                bar.set_message(text.to_owned());
            }
        }
    }

    /// Shows the position of a task of minutes; rate-limited, so callers need no throttling.
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
            Mode::Spinner(bar) => bar.set_message(text.to_owned()),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Mode::Spinner(bar) = &self.mode {
            bar.finish_and_clear();
        }
    }
}
