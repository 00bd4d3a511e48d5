//! Runs a command that takes minutes, with progress, the end of its output on failure, and interrupts.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{BinariesError, SandboxError, executable, interrupt::Interrupt, report::Progress};

/// The lines of output that a failure shows.
const LAST_LINES: usize = 12;

pub(super) struct Task<'a> {
    pub(super) progress: &'a Progress,
    pub(super) interrupt: &'a Interrupt,
}

/// The meaning of a line of a command's stderr.
pub(super) enum Line {
    /// Shown as the current step.
    Step(String),
    /// Shown only on failure.
    Message,
}

impl Task<'_> {
    pub(super) fn check_interrupt(&self) -> Result<(), SandboxError> {
        if self.interrupt.is_raised() {
            Err(SandboxError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Runs a command and waits for it; `read` parses each line of its stderr.
    ///
    /// Like the components, the command is killed when this process exits.
    pub(super) fn run(
        &self,
        attempted: &str,
        command: &Command,
        mut read: impl FnMut(&str) -> Line,
    ) -> Result<(), SandboxError> {
        let program = command.get_program();
        let mut tied = Command::new(executable::find()?);
        tied.args(["run-as-child", "--parent", &std::process::id().to_string(), "--"])
            .arg(program)
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => tied.env(key, value),
                None => tied.env_remove(key),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            tied.current_dir(directory);
        }
        tied.stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = tied
            .spawn()
            .map_err(SandboxError::file("start", program.as_ref()))?;
        let ended = Arc::new(AtomicBool::new(false));
        self.stop_on_interrupt(child.id(), Arc::clone(&ended));

        let mut last_lines = VecDeque::new();
        let stderr = child.stderr.take().expect("stderr was piped");
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            match read(&line) {
                Line::Step(step) => self.progress.detail(&step),
                Line::Message => {
                    if last_lines.len() == LAST_LINES {
                        last_lines.pop_front();
                    }
                    last_lines.push_back(line);
                }
            }
        }
        let status = child
            .wait()
            .map_err(SandboxError::file("wait for", program.as_ref()))?;
        ended.store(true, Ordering::SeqCst);
        self.check_interrupt()?;
        if status.success() {
            return Ok(());
        }
        Err(BinariesError::Command {
            attempted: attempted.to_owned(),
            status: status.to_string(),
            last_lines: last_lines.into(),
        }
        .into())
    }

    fn stop_on_interrupt(&self, pid: u32, ended: Arc<AtomicBool>) {
        let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
            return;
        };
        self.interrupt.on_raise(move || {
            if !ended.load(Ordering::SeqCst) {
                let _gone_already = kill_process(pid, Signal::TERM);
            }
        });
    }
}

/// Whether a program exists and exits successfully.
pub(super) fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
