//! Starts a supervisor and communicates with it, for the commands and the library.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    SandboxError,
    binaries::{self, Parts},
    component::Durability,
    directory::Directory,
    executable, files,
    interrupt::Interrupt,
    protocol::{self, Event},
    report::Progress,
    state::State,
};

/// A supervisor that this process started. It stops when this value is dropped or this process exits, unless detached.
pub(crate) struct SupervisorHandle {
    child: Child,
    /// Shared with the interrupt handler, which stops the supervisor by closing it.
    input: Arc<Mutex<Option<ChildStdin>>>,
    output: BufReader<ChildStdout>,
    directory: Directory,
}

/// Finds or builds the executables, starts the supervisor, and waits until everything is ready.
pub(crate) fn start(
    directory: &Directory,
    parts: Parts,
    durability: Durability,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<(SupervisorHandle, State), SandboxError> {
    let executable = executable::find()?;
    let binaries = binaries::ensure(parts, progress, interrupt)?;
    files::create_private_directory(&directory.logs())?;
    let log = directory.supervisor_log();
    let mut command = Command::new(&executable);
    command.arg("supervise").arg("--directory").arg(directory.root());
    if let Some(path) = &binaries.control_plane {
        command.arg("--control-plane").arg(path);
    }
    if let Some(path) = &binaries.mongod {
        command.arg("--mongod").arg(path);
    }
    if durability == Durability::Temporary {
        command.arg("--temporary");
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(files::append(&log)?)
        // Ctrl-C must reach only the launcher, which then stops the supervisor gracefully.
        .process_group(0)
        .spawn()
        .map_err(SandboxError::file("start", &executable))?;
    let input = Arc::new(Mutex::new(child.stdin.take()));
    let closed_by_interrupt = Arc::clone(&input);
    interrupt.on_raise(move || close(&closed_by_interrupt));
    let output = BufReader::new(child.stdout.take().expect("stdout was piped"));
    let mut supervisor = SupervisorHandle {
        child,
        input,
        output,
        directory: directory.clone(),
    };
    match supervisor.wait_until_ready(progress) {
        Ok(state) => Ok((supervisor, state)),
        Err(_) if interrupt.is_raised() => {
            progress.step("interrupted, stopping the sandbox");
            drop(supervisor);
            Err(SandboxError::Interrupted)
        }
        Err(error) => Err(error),
    }
}

impl SupervisorHandle {
    /// Lets the supervisor outlive this process.
    pub(crate) fn detach(self) -> Result<(), SandboxError> {
        self.send(protocol::Command::Detach)?;
        // Dropping it would stop the supervisor.
        std::mem::forget(self);
        Ok(())
    }

    /// Sends a command and waits for the answer.
    pub(crate) fn ask(&mut self, command: protocol::Command) -> Result<State, SandboxError> {
        self.send(command)?;
        self.wait_until_ready(&Progress::silent())
    }

    fn send(&self, command: protocol::Command) -> Result<(), SandboxError> {
        let mut line = serde_json::to_vec(&command).expect("a command serializes to JSON");
        line.push(b'\n');
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        let written = input.as_mut().map(|input| input.write_all(&line));
        if matches!(written, Some(Ok(()))) {
            Ok(())
        } else {
            Err(self.gone())
        }
    }

    fn wait_until_ready(&mut self, progress: &Progress) -> Result<State, SandboxError> {
        loop {
            let mut line = String::new();
            match self.output.read_line(&mut line) {
                Ok(0) | Err(_) => return Err(self.gone()),
                Ok(_) => {}
            }
            match serde_json::from_str(&line) {
                Ok(Event::Progress(step)) => progress.step(&step),
                Ok(Event::Ready(state)) => return Ok(state),
                Ok(Event::Failed(failure)) => return Err(SandboxError::Component { failure }),
                Err(_) => return Err(self.gone()),
            }
        }
    }

    fn gone(&self) -> SandboxError {
        SandboxError::SupervisorGone {
            log: self.directory.supervisor_log(),
        }
    }
}

/// Stops the supervisor with all its processes, and waits until it has exited.
impl Drop for SupervisorHandle {
    fn drop(&mut self) {
        close(&self.input);
        // The supervisor exits when its input closes; an error means that it has exited already.
        let _ended = self.child.wait();
    }
}

fn close(input: &Mutex<Option<ChildStdin>>) {
    input.lock().unwrap_or_else(PoisonError::into_inner).take();
}
