//! The library interface: a sandbox that exits with the process that started it.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{
    SandboxError,
    binaries::Parts,
    component::{Component, Durability},
    credentials::Credentials,
    directory::Directory,
    interrupt::Interrupt,
    launch::{self, SupervisorHandle},
    protocol::Command,
    report::Progress,
    state::State,
};

/// What to start, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to start etcd, the API server, the controllers, the scheduler and the simulated nodes.
    pub control_plane: bool,
    /// Whether to start MongoDB, with a root user and the data API's user.
    pub mongodb: bool,
    /// The state directory; `None` for a temporary one, which is removed at the end.
    pub directory: Option<PathBuf>,
}

impl Default for Options {
    /// Everything, in a temporary directory.
    fn default() -> Self {
        Self {
            control_plane: true,
            mongodb: true,
            directory: None,
        }
    }
}

/// A running sandbox.
///
/// It stops when this value is dropped or the process exits, even if killed, so a `static` may hold it.
pub struct Sandbox {
    directory: Directory,
    kubeconfig: PathBuf,
    credentials: Credentials,
    supervisor: Mutex<SupervisorHandle>,
    state: Mutex<State>,
}

impl Sandbox {
    /// Starts a sandbox and blocks until it is ready: about five seconds, or minutes if it has to build the executables first,
    /// with progress on stderr.
    ///
    /// # Errors
    /// If an executable is not available or a component does not start.
    pub fn start(options: &Options) -> Result<Self, SandboxError> {
        let (root, durability) = if let Some(directory) = &options.directory {
            (directory.clone(), Durability::Persistent)
        } else {
            let temporary = tempfile::Builder::new()
                .prefix("sandbox-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir();
            let temporary =
                temporary.map_err(SandboxError::file("make a directory in", &std::env::temp_dir()))?;
            // The supervisor removes it, because this process might be killed.
            (temporary.keep(), Durability::Temporary)
        };
        let directory = Directory::new(&root)?;
        let parts = Parts {
            control_plane: options.control_plane,
            mongodb: options.mongodb,
        };
        // A test run has its own output, so only builds report progress.
        let (supervisor, state) = launch::start(
            &directory,
            parts,
            durability,
            &Progress::of_builds(),
            &Interrupt::default(),
        )?;
        let credentials = Credentials::load(&directory)?;
        Ok(Self {
            kubeconfig: directory.kubeconfig(),
            directory,
            credentials,
            supervisor: Mutex::new(supervisor),
            state: Mutex::new(state),
        })
    }

    /// The kubeconfig of a cluster administrator; its only context is `sandbox`.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The state directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.root()
    }

    /// The URI of the user with read and write access to the database `flask_db` only.
    ///
    /// The password needs percent-encoding, to test that clients decode it.
    #[must_use]
    pub fn mongodb_uri(&self) -> String {
        self.credentials.application_uri(self.state().ports)
    }

    /// The URI of MongoDB's root user.
    #[must_use]
    pub fn mongodb_root_uri(&self) -> String {
        self.credentials.root_uri(self.state().ports)
    }

    /// The process id of `mongod`, for SIGSTOP and SIGCONT; 0 while it is stopped.
    ///
    /// Kill it with [`Sandbox::kill_mongodb`]: an unexpected exit stops the whole sandbox.
    #[must_use]
    pub fn mongodb_pid(&self) -> u32 {
        self.state().pid(Component::MongoDb).unwrap_or(0)
    }

    /// The process id of the API server, for SIGSTOP and SIGCONT; 0 without a control plane.
    #[must_use]
    pub fn api_server_pid(&self) -> u32 {
        self.state().pid(Component::KubeApiserver).unwrap_or(0)
    }

    /// Kills `mongod`, as a crash would.
    ///
    /// # Errors
    /// If the supervisor has exited.
    pub fn kill_mongodb(&self) -> Result<(), SandboxError> {
        self.ask(Command::KillMongodb)
    }

    /// Stops `mongod` gracefully.
    ///
    /// # Errors
    /// If the supervisor has exited.
    pub fn stop_mongodb(&self) -> Result<(), SandboxError> {
        self.ask(Command::StopMongodb)
    }

    /// Restarts `mongod` with the same port and data, and waits until it answers.
    ///
    /// # Errors
    /// If it does not start or the supervisor has exited.
    pub fn restart_mongodb(&self) -> Result<(), SandboxError> {
        self.ask(Command::RestartMongodb)
    }

    fn ask(&self, command: Command) -> Result<(), SandboxError> {
        let state = self
            .supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ask(command)?;
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        Ok(())
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Shows the directory but no password.
impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("directory", &self.directory.root())
            .finish_non_exhaustive()
    }
}
