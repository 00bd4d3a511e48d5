//! Ctrl-C and SIGTERM: at once while nothing is written, with care while something is.

use std::sync::OnceLock;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::Exit;
use crate::report::Report;

/// The wish of the person at the keyboard to stop.
pub struct Interrupts {
    writing: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    asked: OnceLock<Exit>,
}

impl Default for Interrupts {
    fn default() -> Self {
        Self {
            writing: watch::Sender::new(false),
            stop: watch::Sender::new(false),
            asked: OnceLock::new(),
        }
    }
}

impl Interrupts {
    /// While this is true, the first signal only asks for an end; what is under way can be finished.
    pub(super) fn writing(&self) -> watch::Sender<bool> {
        self.writing.clone()
    }

    /// Becomes true when an end is asked for.
    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// How the command ends after an orderly stop.
    pub(super) fn exit(&self) -> Exit {
        self.asked.get().copied().unwrap_or(Exit::Interrupted)
    }

    /// Returns when the program has to end at once.
    pub async fn wanted(&self, report: &Report) -> Exit {
        let (Ok(mut interrupts), Ok(mut terminations)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            // Without handlers the signals end the program by themselves.
            return std::future::pending().await;
        };
        let exit = next(&mut interrupts, &mut terminations).await;
        if !*self.writing.borrow() {
            return exit;
        }
        report.warning("stopping when what is under way is done; once more stops at once");
        let exit = *self.asked.get_or_init(|| exit);
        self.stop.send_replace(true);
        next(&mut interrupts, &mut terminations).await;
        report.warning("stopped at once: what was under way may or may not be written; apply again to go on");
        exit
    }
}

async fn next(interrupts: &mut Signal, terminations: &mut Signal) -> Exit {
    tokio::select! {
        _ = interrupts.recv() => Exit::Interrupted,
        _ = terminations.recv() => Exit::Terminated,
    }
}
