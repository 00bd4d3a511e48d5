//! The data API process of the demo.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{directory::Directory, executable, files};

/// Long enough for the service to connect to its database.
const START_DEADLINE: Duration = Duration::from_secs(20);
/// The service's own grace period is 30 s.
const STOP_DEADLINE: Duration = Duration::from_secs(40);
const INTERVAL: Duration = Duration::from_millis(20);

/// A running service, killed on drop and when the demo is killed.
pub(super) struct Service {
    child: Child,
    address: String,
}

impl Service {
    pub(super) fn start(executable: &Path, mongodb_uri: &str, directory: &Directory) -> anyhow::Result<Self> {
        let log = directory.logs().join("service.log");
        files::rotate_log(&log)?;
        let mut command = Command::new(executable::running()?);
        command
            .args(["run-as-child", "--parent", &std::process::id().to_string(), "--"])
            .arg(executable);
        command
            // There is no load balancer to drain.
            .env("DRAIN_SECONDS", "0")
            .env("MONGODB_URI", mongodb_uri)
            .env("LISTEN_ADDRESS", "127.0.0.1:0");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(files::append(&log)?)
            .spawn();
        let child = child.with_context(|| format!("cannot start `{}`", executable.display()))?;
        let mut service = Self {
            child,
            address: String::new(),
        };
        service.address = service.wait_for_address(&log)?;
        Ok(service)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Reads the log until it names the address, while a thread keeps copying it to its file.
    fn wait_for_address(&mut self, log: &Path) -> anyhow::Result<String> {
        let stdout = self.child.stdout.take().context("stdout was piped")?;
        let mut file = files::append(log)?;
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _disk_full = writeln!(file, "{line}");
                if let Some(address) = listening_address(&line) {
                    let _gave_up = sender.send(address);
                }
            }
        });
        receiver.recv_timeout(START_DEADLINE).map_err(|_| {
            let last_lines = files::last_lines(log, 5).join("\n  | ");
            anyhow::anyhow!(
                "the service did not report its address; see its log `{}`\n  | {last_lines}",
                log.display()
            )
        })
    }

    /// Stops the service and returns how long that took.
    pub(super) fn stop(mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("the service has no process id")?;
        kill_process(pid, Signal::TERM).context("cannot stop the service")?;
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(begun.elapsed()),
                Some(status) => bail!("the service ended with {status}"),
                None if begun.elapsed() > STOP_DEADLINE => {
                    bail!("the service did not stop within {} s", STOP_DEADLINE.as_secs())
                }
                None => thread::sleep(INTERVAL),
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Extracts the address from the log line `listening`, with nested fields or without.
fn listening_address(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    if fields.get("message")?.as_str()? != "listening" {
        return None;
    }
    fields.get("address")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::listening_address;

    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(listening_address(line).as_deref(), expected, "{line}");
    }

    #[test]
    fn the_address_comes_from_the_line_that_has_it() {
        check(
            r#"{"level":"INFO","message":"listening","address":"127.0.0.1:5000"}"#,
            Some("127.0.0.1:5000"),
        );
        check(
            r#"{"level":"INFO","fields":{"message":"listening","address":"127.0.0.1:5000"}}"#,
            Some("127.0.0.1:5000"),
        );
        check(r#"{"message":"request","address":"127.0.0.1:5000"}"#, None);
        check("thread panicked", None);
    }
}
