//! A real Kubernetes control plane and a real MongoDB as plain processes, for the demo and the tests.
//!
//! The API server, etcd, the controllers, the scheduler and MongoDB are real; the nodes, the kubelets and the containers are
//! simulated. Everything listens on 127.0.0.1 and exits with the process that started it, even if that process is killed.
//!
//! ```no_run
//! # fn main() -> Result<(), sandbox::SandboxError> {
//! let sandbox = sandbox::Sandbox::start(&sandbox::Options::default())?;
//! let kubeconfig = sandbox.kubeconfig();
//! # let _ = kubeconfig; Ok(()) }
//! ```

pub mod cli;

mod arguments;
mod binaries;
mod certificates;
mod cluster;
mod commands;
mod component;
mod credentials;
mod directory;
mod error;
mod executable;
mod files;
mod interrupt;
mod kubeconfig;
mod launch;
mod lock;
mod mongodb;
mod ports;
mod protocol;
mod report;
mod sandbox;
mod stages;
mod state;
mod stores;
mod supervisor;

pub use error::{BinariesError, SandboxError};
pub use sandbox::{Options, Sandbox};
pub use state::Failure;
