//! The sample's Flask program with the versions that its write-ups pin, under gunicorn, in its own virtual environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::report;

/// The pinned versions, and the server.
const PACKAGES: [&str; 4] = [
    "Flask==2.0.2",
    "Werkzeug==2.0.3",
    "pymongo==3.12.0",
    "gunicorn==27.0.1",
];

/// The sample's program, which defines the contract A1 to A4.
const PROGRAM: &str = include_str!("sample.py");

/// An installed copy.
pub(crate) struct Flask {
    directory: PathBuf,
}

impl Flask {
    /// Installs the program, unless it is installed already.
    pub(crate) fn install() -> Result<Self> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample");
        let flask = Self { directory };
        if !flask.gunicorn().exists() {
            report::say("installing the sample's program from PyPI");
            let environment = flask.directory.join("environment");
            run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
            run(Command::new(environment.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(PACKAGES))?;
        }
        std::fs::write(flask.directory.join("sample.py"), PROGRAM)?;
        Ok(flask)
    }

    /// Returns the command that serves on `port`: two processes for two cores, with threads, because other workers
    /// close connections.
    pub(crate) fn command(&self, port: u16, uri: &str) -> Command {
        let mut command = Command::new(self.gunicorn());
        command
            .args([
                "--workers",
                "2",
                "--threads",
                "8",
                "--keep-alive",
                "60",
                "--log-level",
                "error",
            ])
            .args(["--worker-tmp-dir", "/dev/shm"])
            .args(["--bind", &format!("127.0.0.1:{port}"), "sample:app"])
            .env("MONGODB_URI", uri)
            .current_dir(&self.directory);
        command
    }

    fn gunicorn(&self) -> PathBuf {
        self.directory.join("environment/bin/gunicorn")
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
