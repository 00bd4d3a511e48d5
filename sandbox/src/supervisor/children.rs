//! The child processes: started so that they die with the supervisor, and ended so that none is left.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::{SandboxError, component::Component, executable, files};

/// How long a component may take to end in good order before it is killed.
const GRACE: Duration = Duration::from_secs(8);

/// How to end a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    InOrder,
    AtOnce,
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

    /// Forgets and names a child that has ended.
    pub(super) fn dead(&mut self) -> Option<(Component, ExitStatus)> {
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

    /// Hands out the chosen children to be ended: they are no longer watched.
    pub(super) fn take(&mut self, chosen: impl Fn(Component) -> bool) -> Vec<Running> {
        self.running
            .extract_if(.., |running| chosen(running.component))
            .collect()
    }
}

/// Ends all of these at the same time, and returns when each is gone.
pub(super) async fn end(mut ended: Vec<Running>, ending: Ending) {
    for running in &ended {
        if ending == Ending::InOrder {
            running.send(Signal::TERM);
        } else {
            running.send(Signal::KILL);
        }
        // A frozen process would not hear either of the two before it goes on.
        running.send(Signal::CONT);
    }
    let deadline = tokio::time::Instant::now() + GRACE;
    for running in &mut ended {
        if tokio::time::timeout_at(deadline, running.child.wait())
            .await
            .is_err()
        {
            running.send(Signal::KILL);
            // The kernel ends it now; there is nothing to be done about an error.
            let _ended = running.child.wait().await;
        }
    }
}

impl Running {
    /// Signals the child; its id cannot have been given to another process before it was waited for.
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
