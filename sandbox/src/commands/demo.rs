//! `sandbox demo`: the whole project in one minute.

use std::{path::Path, process::ExitCode};

pub(crate) fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    super::up::run(directory)
}
