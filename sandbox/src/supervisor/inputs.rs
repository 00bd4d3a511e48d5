//! The supervisor's inputs: commands from the launcher, the end of its pipe, and signals.

use std::{io, thread};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::{protocol::Command, report};

pub(super) enum Input {
    Command(Command),
    /// A signal, or the end of the pipe without a `Detach`.
    Stop,
}

/// The inputs, merged.
pub(super) struct Inputs {
    lines: UnboundedReceiver<Command>,
    terminate: Signal,
    interrupt: Signal,
    detached: bool,
}

impl Inputs {
    pub(super) fn listen() -> io::Result<Self> {
        let (sender, lines) = unbounded_channel();
        // Reading the pipe blocks, so it needs a thread; the thread ends with the pipe.
        thread::spawn(move || {
            for line in io::stdin().lines().map_while(Result::ok) {
                match serde_json::from_str(&line) {
                    Ok(command) => drop(sender.send(command)),
                    Err(error) => report::log(&format!("invalid command: {error}")),
                }
            }
        });
        Ok(Self {
            lines,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            detached: false,
        })
    }

    /// Waits for the next command or stop request. Cancel-safe.
    pub(super) async fn next(&mut self) -> Input {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Input::Stop,
                _ = self.interrupt.recv() => return Input::Stop,
                line = self.lines.recv(), if !self.detached => match line {
                    Some(Command::Detach) => self.detached = true,
                    Some(command) => return Input::Command(command),
                    None => return Input::Stop,
                },
            }
        }
    }

    /// Waits for a stop request and ignores commands, while the sandbox starts.
    pub(super) async fn stop_requested(&mut self) {
        while let Input::Command(_) = self.next().await {}
    }
}
