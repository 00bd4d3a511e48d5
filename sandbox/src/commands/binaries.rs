//! `sandbox binaries`: finds or builds every executable, to fill the cache.

use std::process::ExitCode;

use crate::{
    binaries::{self, Parts},
    interrupt::Interrupt,
    report::{self, Progress},
};

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let progress = Progress::start();
    let found = binaries::ensure(
        Parts {
            control_plane: true,
            mongodb: true,
        },
        &progress,
        &Interrupt::listen(),
    )?;
    drop(progress);
    for path in [found.control_plane, found.mongod].into_iter().flatten() {
        report::line(path.display());
    }
    Ok(ExitCode::SUCCESS)
}
