//! What reaches the supervisor from outside: lines of its starter, the end of them, and signals.

use std::{io, thread};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::{protocol::Command, report};

pub(super) enum Input {
    Command(Command),
    /// A signal, or the starter is gone and had not detached.
    Stop,
}

/// The merged inputs.
pub(super) struct Inputs {
    lines: UnboundedReceiver<Command>,
    terminate: Signal,
    interrupt: Signal,
    detached: bool,
}

impl Inputs {
    pub(super) fn listen() -> io::Result<Self> {
        let (sender, lines) = unbounded_channel();
        // A thread, because reading a pipe blocks; it ends with the pipe or with the process.
        thread::spawn(move || {
            for line in io::stdin().lines().map_while(Result::ok) {
                match serde_json::from_str(&line) {
                    Ok(command) => drop(sender.send(command)),
                    Err(error) => report::log(&format!("not a command: {error}")),
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

    /// The next command, or the wish to stop; may be dropped and called again.
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

    /// Waits for the wish to stop while the sandbox starts, when there is nothing to command yet.
    pub(super) async fn asked_to_stop(&mut self) {
        while let Input::Command(_) = self.next().await {}
    }
}
