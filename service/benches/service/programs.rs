//! The programs that are measured, each in a process of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::Process;
use crate::rows::Program;
use crate::setting::Setting;

/// The data API as it is shipped.
pub(crate) const SERVICE: &str = env!("CARGO_BIN_EXE_service");

/// Starts a program.
pub(crate) fn start(setting: &Setting, program: Program) -> Result<Process> {
    match program {
        Program::Hyper => floor("hyper"),
        Program::Salvo => floor("salvo"),
        Program::Flask => {
            let flask = setting
                .flask
                .as_ref()
                .ok_or_else(|| anyhow::anyhow!("no sample"))?;
            Process::start(|port| flask.command(port, &setting.uri()))
        }
        Program::Driver => anyhow::bail!("the driver serves nothing"),
        Program::Service => Process::start(|port| {
            let mut command = service(port, &setting.uri());
            command.env("WORKER_THREADS", "1");
            command
        }),
        Program::Spread => Process::start(|port| service(port, &setting.uri())),
    }
}

/// A floor that serves.
fn floor(name: &str) -> Result<Process> {
    let executable = std::env::current_exe()?;
    Process::start(|port| {
        let mut command = Command::new(executable);
        command.args(["floor", name, &port.to_string()]);
        command
    })
}

/// The data API on a port, with its access log on: into `/dev/null`, formatted all the same.
pub(crate) fn service(port: u16, uri: &str) -> Command {
    let mut command = Command::new(SERVICE);
    command
        .env_clear()
        .env("LISTEN_ADDRESS", format!("127.0.0.1:{port}"))
        .env("MONGODB_URI", uri)
        .env("DRAIN_SECONDS", "0");
    command
}

/// A group of processes with a share of a processor: half of one. `None` where this user may not make one.
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

    /// Wraps a command: the process enters the group before it becomes the program, which looks at its share as it starts.
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
            // Empty by now; the kernel refuses otherwise, which harms nobody.
            let _ = fs::remove_dir(directory);
        }
    }
}
