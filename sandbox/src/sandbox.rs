//! The sandbox as a library: one per test run, gone with the process that started it.

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
    launch::{self, Supervised},
    protocol::Command,
    report::Progress,
    state::State,
};

/// What to start, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Starts etcd, the API server, the controllers, the scheduler and the simulated nodes.
    pub control_plane: bool,
    /// Starts MongoDB, with a root user and the data API's user.
    pub mongodb: bool,
    /// The state directory; without one a temporary directory, which is removed at the end.
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
/// It ends when this value is dropped or when the process ends, however it ends; so it may stand in a `static`.
pub struct Sandbox {
    directory: Directory,
    kubeconfig: PathBuf,
    credentials: Credentials,
    supervised: Mutex<Supervised>,
    state: Mutex<State>,
}

impl Sandbox {
    /// Starts a sandbox, and returns when everything answers; blocks for about five seconds, and for minutes when the executables
    /// have to be built first, which is said on stderr.
    ///
    /// # Errors
    /// When an executable cannot be had, or a component does not start.
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
            // The supervisor removes it, because this process may be killed.
            (temporary.keep(), Durability::Temporary)
        };
        let directory = Directory::new(&root)?;
        let parts = Parts {
            control_plane: options.control_plane,
            mongodb: options.mongodb,
        };
        // Progress is only told when executables are built: a test run has its own output.
        let (supervised, state) = launch::start(
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
            supervised: Mutex::new(supervised),
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

    /// The URI of the user who may read and write the database `flask_db` and nothing else.
    ///
    /// Its password holds characters that are percent-encoded in it.
    #[must_use]
    pub fn mongodb_uri(&self) -> String {
        self.credentials.application_uri(self.state().ports)
    }

    /// The URI of MongoDB's root user.
    #[must_use]
    pub fn mongodb_root_uri(&self) -> String {
        self.credentials.root_uri(self.state().ports)
    }

    /// The process id of `mongod`, to freeze and continue it by signals; 0 while it is stopped.
    ///
    /// To kill it use [`Sandbox::kill_mongodb`]: an unannounced death ends the whole sandbox.
    #[must_use]
    pub fn mongodb_pid(&self) -> u32 {
        self.state().pid(Component::MongoDb).unwrap_or(0)
    }

    /// The process id of the API server, to freeze and continue it by signals; 0 without a control plane.
    #[must_use]
    pub fn api_server_pid(&self) -> u32 {
        self.state().pid(Component::KubeApiserver).unwrap_or(0)
    }

    /// Ends `mongod` at once, as a crash would.
    ///
    /// # Errors
    /// When the supervisor is gone.
    pub fn kill_mongodb(&self) -> Result<(), SandboxError> {
        self.ask(Command::KillMongodb)
    }

    /// Ends `mongod` in good order.
    ///
    /// # Errors
    /// When the supervisor is gone.
    pub fn stop_mongodb(&self) -> Result<(), SandboxError> {
        self.ask(Command::StopMongodb)
    }

    /// Starts `mongod` again on the same port and data, and returns when it answers.
    ///
    /// # Errors
    /// When it does not start, or the supervisor is gone.
    pub fn restart_mongodb(&self) -> Result<(), SandboxError> {
        self.ask(Command::RestartMongodb)
    }

    fn ask(&self, command: Command) -> Result<(), SandboxError> {
        let state = self
            .supervised
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

/// Shows where it is, and no password.
impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("directory", &self.directory.root())
            .finish_non_exhaustive()
    }
}
