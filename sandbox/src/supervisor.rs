//! The supervisor process: starts, watches and stops the components.
//!
//! It has one thread, because the parent death signal of a child fires when the *thread* that spawned it exits.

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
    children::{Children, Shutdown},
    inputs::{Input, Inputs},
    start::StartError,
};
use crate::{
    SandboxError,
    component::{Component, Durability},
    credentials::Credentials,
    directory::Directory,
    files,
    lock::Lock,
    ports::Ports,
    protocol::{Command, Event},
    report,
    state::{Failure, Phase, Process, State},
};

/// The components to start, and their executables.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) directory: Directory,
    /// The directory of the control plane's executables; `None` for no control plane.
    pub(crate) control_plane: Option<PathBuf>,
    /// `None` for no MongoDB.
    pub(crate) mongod: Option<PathBuf>,
    pub(crate) durability: Durability,
}

/// The state of the supervisor.
struct Supervisor {
    configuration: Configuration,
    children: RefCell<Children>,
    credentials: Credentials,
    ports: Cell<Ports>,
    versions: RefCell<Vec<(Component, String)>>,
}

/// Runs until a stop request, the exit of the launcher, or the exit of a component.
pub(crate) async fn run(configuration: Configuration) -> Result<(), SandboxError> {
    let directory = configuration.directory.clone();
    directory.create()?;
    let lock = match Lock::acquire(&directory.lock())? {
        Ok(lock) => lock,
        Err(Some(supervisor)) => {
            return Err(SandboxError::AlreadyRunning {
                directory: directory.root().to_path_buf(),
                supervisor,
            });
        }
        Err(None) => {
            return Err(SandboxError::Busy {
                what: "another process holds the lock",
                supervisor: 0,
            });
        }
    };
    let durability = configuration.durability;
    let outcome = run_locked(configuration).await;
    drop(lock);
    if durability == Durability::Temporary {
        std::fs::remove_dir_all(directory.root()).map_err(SandboxError::file("remove", directory.root()))?;
    }
    outcome
}

/// Runs the sandbox while the caller holds the lock.
async fn run_locked(configuration: Configuration) -> Result<(), SandboxError> {
    let mut inputs =
        Inputs::listen().map_err(SandboxError::file("listen to", &configuration.directory.lock()))?;
    let supervisor = Supervisor {
        credentials: Credentials::load_or_create(&configuration.directory)?,
        configuration,
        children: RefCell::default(),
        ports: Cell::default(),
        versions: RefCell::default(),
    };
    let started = tokio::select! {
        biased;
        () = inputs.stop_requested() => Err(StartError::Cancelled),
        started = supervisor.start() => started,
    };
    let failure = match started {
        Ok(()) => supervisor.serve(&mut inputs).await?,
        Err(StartError::Cancelled) => None,
        Err(StartError::Failed(failure)) => Some(failure),
        Err(StartError::Error(error)) => {
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
    /// Handles commands and watches the children. Returns the failure that ended the sandbox, or `None` after a stop request.
    async fn serve(&self, inputs: &mut Inputs) -> Result<Option<Failure>, SandboxError> {
        let directory = &self.configuration.directory;
        let mut child_ended =
            signal(SignalKind::child()).map_err(SandboxError::file("watch", directory.root()))?;
        self.save(Phase::Ready, None)?;
        report::event(&Event::Ready(self.state(Phase::Ready, None)));
        loop {
            if let Some(failure) = self.unexpected_exit() {
                return Ok(Some(failure));
            }
            tokio::select! {
                _ = child_ended.recv() => {}
                input = inputs.next() => match input {
                    Input::Stop => return Ok(None),
                    Input::Command(command) => {
                        if let Some(failure) = self.handle(command).await? {
                            return Ok(Some(failure));
                        }
                    }
                },
            }
        }
    }

    /// Handles a command. Returns the failure if the sandbox cannot continue.
    async fn handle(&self, command: Command) -> Result<Option<Failure>, SandboxError> {
        match command {
            Command::Detach => return Ok(None),
            Command::KillMongodb => self.stop_mongodb(Shutdown::Immediate).await,
            Command::StopMongodb => self.stop_mongodb(Shutdown::Graceful).await,
            Command::RestartMongodb => {
                self.stop_mongodb(Shutdown::Graceful).await;
                match self.start_mongodb().await {
                    Ok(()) | Err(StartError::Cancelled) => {}
                    Err(StartError::Error(error)) => return Err(error),
                    Err(StartError::Failed(failure)) => return Ok(Some(failure)),
                }
            }
        }
        self.save(Phase::Ready, None)?;
        report::event(&Event::Ready(self.state(Phase::Ready, None)));
        Ok(None)
    }

    async fn stop_mongodb(&self, shutdown: Shutdown) {
        let children = self
            .children
            .borrow_mut()
            .take(|component| component == Component::MongoDb);
        children::stop(children, shutdown).await;
    }

    /// Stops everything: the clients of the API server, then the API server, then etcd.
    async fn stop(&self) {
        let shutdown = match self.configuration.durability {
            Durability::Persistent => Shutdown::Graceful,
            Durability::Temporary => Shutdown::Immediate,
        };
        let waves: [fn(Component) -> bool; 3] = [
            |component| !matches!(component, Component::KubeApiserver | Component::Etcd),
            |component| component == Component::KubeApiserver,
            |_| true,
        ];
        for wave in waves {
            let children = self.children.borrow_mut().take(wave);
            children::stop(children, shutdown).await;
        }
    }

    /// The failure of a child that exited unexpectedly.
    fn unexpected_exit(&self) -> Option<Failure> {
        let (component, status) = self.children.borrow_mut().reap()?;
        let log = self.configuration.directory.log(component);
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
        files::write_json(&self.configuration.directory.state(), &self.state(phase, failure))
    }
}

/// How long the slowest component may take to become ready on a busy machine.
const READY_DEADLINE: Duration = Duration::from_secs(90);
