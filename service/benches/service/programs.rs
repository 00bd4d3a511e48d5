//! The measured programs, each in its own process.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::Process;
use crate::rows::Program;
use crate::setup::Setup;

/// The release binary.
pub(crate) const SERVICE: &str = env!("CARGO_BIN_EXE_service");

/// Starts a program.
pub(crate) fn start(setup: &Setup, program: Program) -> Result<Process> {
    match program {
        Program::Hyper => baseline("hyper"),
        Program::Salvo => baseline("salvo"),
        Program::Flask => {
            let flask = setup.flask.as_ref().ok_or_else(|| anyhow::anyhow!("no sample"))?;
            Process::start(|port| flask.command(port, &setup.uri()))
        }
        Program::Driver => anyhow::bail!("the driver serves nothing"),
        Program::Service => Process::start(|port| {
            let mut command = service(port, &setup.uri());
            command.env("WORKER_THREADS", "1");
            command
        }),
        Program::Spread => Process::start(|port| service(port, &setup.uri())),
    }
}

/// Starts a baseline server.
fn baseline(name: &str) -> Result<Process> {
    let executable = std::env::current_exe()?;
    Process::start(|port| {
        let mut command = Command::new(executable);
        command.args(["baseline", name, &port.to_string()]);
        command
    })
}

/// Returns the command for the data API, with its access log going to `/dev/null`.
pub(crate) fn service(port: u16, uri: &str) -> Command {
    let mut command = Command::new(SERVICE);
    command
        .env_clear()
        .env("LISTEN_ADDRESS", format!("127.0.0.1:{port}"))
        .env("MONGODB_URI", uri)
        .env("DRAIN_SECONDS", "0");
    command
}

/// A cgroup with half a CPU; `None` if this user may not create one.
pub(crate) struct Quota(Option<std::path::PathBuf>);

impl Quota {
    pub(crate) fn half_a_processor() -> Option<Self> {
        let first = Path::new("/sys/fs/cgroup/cpu");
        let (directory, settings): (_, &[(&str, &str)]) = if first.join("cpu.cfs_quota_us").exists() {
            (
                first.join("data-api-bench"),
                &[("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "50000")],
            )
        } else {
            (
                Path::new("/sys/fs/cgroup/data-api-bench").to_owned(),
                &[("cpu.max", "50000 100000")],
            )
        };
        fs::create_dir_all(&directory).ok()?;
        let quota = Self(Some(directory.clone()));
        for (name, value) in settings {
            fs::write(directory.join(name), value).ok()?;
        }
        Some(quota)
    }

    /// Wraps a command so that the process enters the group before the program starts and reads its quota.
    pub(crate) fn wrap(&self, command: &Command) -> Command {
        let group = self.0.as_deref().unwrap_or(Path::new("/")).join("cgroup.procs");
        let mut wrapped = Command::new("sh");
        wrapped
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(group)
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                wrapped.env(name, value);
            }
        }
        wrapped
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        if let Some(directory) = self.0.take() {
            // If processes remain, the kernel refuses, which is harmless.
            let _ = fs::remove_dir(directory);
        }
    }
}
