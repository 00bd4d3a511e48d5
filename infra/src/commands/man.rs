//! `infra man`: generates man pages from the text of `--help`, one for the program and one for each command.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};

use super::{Context, Exit, Failure};
use crate::cli::Cli;

/// Write the man pages
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Directory to write them into; created if it is missing
    directory: PathBuf,
}

pub(super) fn run(args: &ManArgs, context: &Context) -> Result<Exit, Failure> {
    let directory = &args.directory;
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .with_context(|| format!("cannot write the man pages to `{}`", directory.display()))
        .map_err(|error| {
            Failure::new(Exit::Failed, error).with_hint("choose a directory that you can write to")
        })?;
    context.report.result(&format!(
        "Man pages written to {0}; read them with: man -l {0}/infra.1",
        directory.display()
    ));
    Ok(Exit::Done)
}
