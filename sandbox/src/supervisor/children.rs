//! The child processes, which never outlive the supervisor.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::{SandboxError, component::Component, executable, files};

/// How long a component may take to stop gracefully before it is killed.
const GRACE: Duration = Duration::from_secs(8);

/// How to stop a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shutdown {
    Graceful,
    Immediate,
}

#[derive(Default)]
pub(super) struct Children {
    running: Vec<Running>,
}

pub(super) struct Running {
    component: Component,
    child: Child,
}

impl Children {
    pub(super) fn spawn(
        &mut self,
        component: Component,
        program: &Path,
        arguments: &[String],
        log: &Path,
    ) -> Result<(), SandboxError> {
        let output = files::append(log)?;
        let errors = output.try_clone().map_err(SandboxError::file("open", log))?;
        let child = Command::new(executable::running()?)
            .args(["run-as-child", "--parent", &std::process::id().to_string(), "--"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(SandboxError::file("start", program))?;
        self.running.push(Running { component, child });
        Ok(())
    }

    /// Removes and returns a child that has exited.
    pub(super) fn reap(&mut self) -> Option<(Component, ExitStatus)> {
        for index in 0..self.running.len() {
            if let Ok(Some(status)) = self.running[index].child.try_wait() {
                return Some((self.running.remove(index).component, status));
            }
        }
        None
    }

    pub(super) fn pids(&self) -> impl Iterator<Item = (Component, u32)> {
        self.running
            .iter()
            .filter_map(|running| Some((running.component, running.child.id()?)))
    }

    /// Removes the chosen children from the watched ones, for [`stop`].
    pub(super) fn take(&mut self, chosen: impl Fn(Component) -> bool) -> Vec<Running> {
        self.running
            .extract_if(.., |running| chosen(running.component))
            .collect()
    }
}

/// Stops the children in parallel and waits until all have exited.
pub(super) async fn stop(mut children: Vec<Running>, shutdown: Shutdown) {
    for running in &children {
        running.send(match shutdown {
            Shutdown::Graceful => Signal::TERM,
            Shutdown::Immediate => Signal::KILL,
        });
        // A process under SIGSTOP does not handle SIGTERM until it continues.
        running.send(Signal::CONT);
    }
    let deadline = tokio::time::Instant::now() + GRACE;
    for running in &mut children {
        if tokio::time::timeout_at(deadline, running.child.wait())
            .await
            .is_err()
        {
            running.send(Signal::KILL);
            // After SIGKILL there is nothing left to do about an error.
            let _ended = running.child.wait().await;
        }
    }
}

impl Running {
    /// Signals the child. The kernel does not reuse its id before it is reaped.
    fn send(&self, signal: Signal) {
        let pid = self
            .child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _gone_already = kill_process(pid, signal);
        }
    }
}
