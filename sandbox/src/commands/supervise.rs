//! `sandbox supervise`: the hidden command that runs the supervisor for `up` and the library.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    SandboxError,
    component::Durability,
    directory::Directory,
    protocol::Event,
    report,
    state::Failure,
    supervisor::{self, Configuration},
};

/// Arguments of `sandbox supervise`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    control_plane: Option<PathBuf>,
    #[arg(long)]
    mongod: Option<PathBuf>,
    #[arg(long)]
    temporary: bool,
}

pub(crate) fn run(directory: &Path, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let configuration = Configuration {
        directory: Directory::new(directory)?,
        control_plane: arguments.control_plane,
        mongod: arguments.mongod,
        durability: if arguments.temporary {
            Durability::Temporary
        } else {
            Durability::Persistent
        },
    };
    // The parent death signal needs a single thread.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(supervisor::run(configuration));
    // The thread that reads stdin cannot be joined.
    runtime.shutdown_background();
    let Err(error) = outcome else {
        return Ok(ExitCode::SUCCESS);
    };
    let hint = error.hint();
    report::event(&Event::Failed(match &error {
        SandboxError::Component { failure } => failure.clone(),
        other => Failure {
            what: other.to_string(),
            log: None,
            last_lines: Vec::new(),
            advice: hint,
        },
    }));
    Err(error.into())
}
