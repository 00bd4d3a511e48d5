//! Ctrl-C and SIGTERM: exit at once while nothing is being written, otherwise after the writes in flight.

use std::sync::OnceLock;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::Exit;
use crate::report::Report;

/// Requests to stop, from Ctrl-C or SIGTERM.
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
    /// While this is true, the first signal lets writes in flight finish.
    pub(super) fn writing(&self) -> watch::Sender<bool> {
        self.writing.clone()
    }

    /// Becomes true when a stop is requested.
    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// The exit after an orderly stop.
    pub(super) fn exit(&self) -> Exit {
        self.asked.get().copied().unwrap_or(Exit::Interrupted)
    }

    /// Resolves when the program must exit at once.
    pub async fn wanted(&self, report: &Report) -> Exit {
        let (Ok(mut interrupts), Ok(mut terminations)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            // Without handlers the signals terminate the process by default.
            return std::future::pending().await;
        };
        let exit = next(&mut interrupts, &mut terminations).await;
        if !*self.writing.borrow() {
            return exit;
        }
        report.warning("stopping after the writes in flight; press Ctrl-C again to stop at once");
        let exit = *self.asked.get_or_init(|| exit);
        self.stop.send_replace(true);
        next(&mut interrupts, &mut terminations).await;
        report.warning(
            "stopped at once: writes in flight may or may not have been made; apply again to resume",
        );
        exit
    }
}

async fn next(interrupts: &mut Signal, terminations: &mut Signal) -> Exit {
    tokio::select! {
        _ = interrupts.recv() => Exit::Interrupted,
        _ = terminations.recv() => Exit::Terminated,
    }
}
