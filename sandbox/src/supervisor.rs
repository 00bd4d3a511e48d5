//! The process that owns all others of a sandbox: starts them, watches them, and ends them in order.
//!
//! It lives in one thread, because the kernel ties the life of a child to the *thread* that started it.

mod children;
mod inputs;
mod start;

use std::{
    cell::{Cell, RefCell},
    path::PathBuf,
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};

use self::{
    children::{Children, Ending},
    inputs::{Input, Inputs},
};
use crate::{
    SandboxError,
    component::{Component, Durability},
    credentials::Credentials,
    directory::Directory,
    files,
    lock::{Holder, Lock},
    ports::Ports,
    protocol::{Command, Event},
    report,
    state::{Failure, Phase, Process, State},
};

/// What to start, and with which executables.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) directory: Directory,
    /// The directory of the control plane's executables; without it there is no control plane.
    pub(crate) control_plane: Option<PathBuf>,
    /// Without it there is no MongoDB.
    pub(crate) mongod: Option<PathBuf>,
    pub(crate) durability: Durability,
}

/// The supervisor's view of its sandbox.
struct Supervisor {
    assignment: Assignment,
    children: RefCell<Children>,
    credentials: Credentials,
    ports: Cell<Ports>,
    versions: RefCell<Vec<(Component, String)>>,
}

/// Runs until it is told to stop, its starter is gone, or a component dies.
pub(crate) async fn run(assignment: Assignment) -> Result<(), SandboxError> {
    let directory = assignment.directory.clone();
    directory.create()?;
    let lock = match Lock::acquire(&directory.lock())? {
        Ok(lock) => lock,
        Err(Holder::Supervisor(supervisor)) => {
            return Err(SandboxError::AlreadyRunning {
                directory: directory.root().to_path_buf(),
                supervisor,
            });
        }
        Err(Holder::Nobody) => {
            return Err(SandboxError::Busy {
                what: "the lock is held by another process",
                supervisor: 0,
            });
        }
    };
    let durability = assignment.durability;
    let outcome = own(assignment).await;
    drop(lock);
    if durability == Durability::Temporary {
        std::fs::remove_dir_all(directory.root()).map_err(SandboxError::file("remove", directory.root()))?;
    }
    outcome
}

/// Everything between taking the lock and giving it back.
async fn own(assignment: Assignment) -> Result<(), SandboxError> {
    let mut inputs =
        Inputs::listen().map_err(SandboxError::file("listen to", &assignment.directory.lock()))?;
    let supervisor = Supervisor {
        credentials: Credentials::load_or_create(&assignment.directory)?,
        assignment,
        children: RefCell::default(),
        ports: Cell::default(),
        versions: RefCell::default(),
    };
    let started = tokio::select! {
        biased;
        () = inputs.asked_to_stop() => Err(start::Stopped::Asked),
        started = supervisor.start() => started,
    };
    let failure = match started {
        Ok(()) => supervisor.serve(&mut inputs).await?,
        Err(start::Stopped::Asked) => None,
        Err(start::Stopped::Failed(failure)) => Some(failure),
        Err(start::Stopped::Error(error)) => {
            supervisor.stop().await;
            supervisor.save(Phase::Stopped, None)?;
            return Err(error);
        }
    };
    supervisor.save(Phase::Stopping, failure.clone())?;
    supervisor.stop().await;
    supervisor.save(Phase::Stopped, failure.clone())?;
    match failure {
        Some(failure) => Err(SandboxError::Component { failure }),
        None => Ok(()),
    }
}

impl Supervisor {
    /// Answers commands and watches the children; returns what died, or nothing when it was asked to stop.
    async fn serve(&self, inputs: &mut Inputs) -> Result<Option<Failure>, SandboxError> {
        let directory = &self.assignment.directory;
        let mut child_ended =
            signal(SignalKind::child()).map_err(SandboxError::file("watch", directory.root()))?;
        self.save(Phase::Ready, None)?;
        report::event(&Event::Ready(self.state(Phase::Ready, None)));
        loop {
            if let Some(failure) = self.death() {
                return Ok(Some(failure));
            }
            tokio::select! {
                _ = child_ended.recv() => {}
                input = inputs.next() => match input {
                    Input::Stop => return Ok(None),
                    Input::Command(command) => {
                        if let Some(failure) = self.obey(command).await? {
                            return Ok(Some(failure));
                        }
                    }
                },
            }
        }
    }

    /// Returns why the sandbox cannot go on.
    async fn obey(&self, command: Command) -> Result<Option<Failure>, SandboxError> {
        match command {
            Command::Detach => return Ok(None),
            Command::KillMongodb => self.end_mongodb(Ending::AtOnce).await,
            Command::StopMongodb => self.end_mongodb(Ending::InOrder).await,
            Command::RestartMongodb => {
                self.end_mongodb(Ending::InOrder).await;
                match self.start_mongodb().await {
                    Ok(()) | Err(start::Stopped::Asked) => {}
                    Err(start::Stopped::Error(error)) => return Err(error),
                    Err(start::Stopped::Failed(failure)) => return Ok(Some(failure)),
                }
            }
        }
        self.save(Phase::Ready, None)?;
        report::event(&Event::Ready(self.state(Phase::Ready, None)));
        Ok(None)
    }

    async fn end_mongodb(&self, ending: Ending) {
        let ended = self
            .children
            .borrow_mut()
            .take(|component| component == Component::MongoDb);
        children::end(ended, ending).await;
    }

    /// Ends everything: first those who call the API server, then it, then its store.
    async fn stop(&self) {
        let ending = match self.assignment.durability {
            Durability::Persistent => Ending::InOrder,
            Durability::Temporary => Ending::AtOnce,
        };
        let waves: [fn(Component) -> bool; 3] = [
            |component| !matches!(component, Component::KubeApiserver | Component::Etcd),
            |component| component == Component::KubeApiserver,
            |_| true,
        ];
        for wave in waves {
            let ended = self.children.borrow_mut().take(wave);
            children::end(ended, ending).await;
        }
    }

    /// A child that ended without being asked to.
    fn death(&self) -> Option<Failure> {
        let (component, status) = self.children.borrow_mut().dead()?;
        let log = self.assignment.directory.log(component);
        let last_lines = files::last_lines(&log, 5);
        report::log(&format!("{component} ended with {status}"));
        Some(Failure {
            what: format!("`{component}` ended with {status}"),
            log: Some(log),
            last_lines,
            advice: None,
        })
    }

    fn state(&self, phase: Phase, failure: Option<Failure>) -> State {
        let versions = self.versions.borrow();
        let version = |component| {
            versions
                .iter()
                .find(|(named, _)| *named == component)
                .map(|(_, version)| version.clone())
        };
        let mut processes: Vec<Process> = self
            .children
            .borrow()
            .pids()
            .map(|(component, pid)| Process {
                component,
                pid,
                version: version(component).unwrap_or_default(),
                address: component.address(self.ports.get()),
            })
            .collect();
        processes.sort_by_key(|process| process.component);
        State {
            phase,
            ports: self.ports.get(),
            processes,
            failure,
        }
    }

    fn save(&self, phase: Phase, failure: Option<Failure>) -> Result<(), SandboxError> {
        files::write_json(&self.assignment.directory.state(), &self.state(phase, failure))
    }
}

/// How long the slowest component may take to be ready on a machine that is busy with other things.
const READY_DEADLINE: Duration = Duration::from_secs(90);
