//! The layout of the state directory.

use std::path::{Path, PathBuf};

use crate::{SandboxError, component::Component, files};

/// A state directory, `.sandbox` or a temporary one, with an absolute path.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(crate) fn new(root: &Path) -> Result<Self, SandboxError> {
        let root = std::path::absolute(root).map_err(SandboxError::file("find", root))?;
        Ok(Self { root })
    }

    /// Creates the directory and the subdirectories that the components expect, with mode 0700.
    pub(crate) fn create(&self) -> Result<(), SandboxError> {
        for path in [
            self.root.clone(),
            self.logs(),
            self.etcd_data(),
            self.mongodb_data(),
            self.kubeconfigs(),
            self.stages(),
        ] {
            files::create_private_directory(&path)?;
        }
        Ok(())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Locked while the supervisor runs; contains the supervisor's process id.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    pub(crate) fn log(&self, component: Component) -> PathBuf {
        self.logs().join(format!("{component}.log"))
    }

    pub(crate) fn supervisor_log(&self) -> PathBuf {
        self.logs().join("supervisor.log")
    }

    pub(crate) fn certificates(&self) -> PathBuf {
        self.root.join("certificates")
    }

    /// The user's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.root.join("kubeconfig")
    }

    fn kubeconfigs(&self) -> PathBuf {
        self.root.join("kubeconfigs")
    }

    /// The kubeconfig of a component.
    pub(crate) fn component_kubeconfig(&self, component: Component) -> PathBuf {
        self.kubeconfigs().join(component.to_string())
    }

    pub(crate) fn stages(&self) -> PathBuf {
        self.root.join("stages")
    }

    pub(crate) fn etcd_data(&self) -> PathBuf {
        self.root.join("etcd")
    }

    /// Exists from etcd's first start until the API server has answered.
    pub(crate) fn etcd_unfinished(&self) -> PathBuf {
        self.root.join("etcd-unfinished")
    }

    pub(crate) fn mongodb_data(&self) -> PathBuf {
        self.root.join("mongodb")
    }

    /// Exists from MongoDB's first start until MongoDB has answered.
    pub(crate) fn mongodb_unfinished(&self) -> PathBuf {
        self.root.join("mongodb-unfinished")
    }

    pub(crate) fn mongodb_passwords(&self) -> PathBuf {
        self.root.join("mongodb.json")
    }

    /// The file with the application user's URI, for `just serve`.
    pub(crate) fn mongodb_uri(&self) -> PathBuf {
        self.root.join("mongodb-uri")
    }
}
