//! The binary with its log in a file, for tests of the whole process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::super::client::HttpClient;
use super::super::wait::{TIMEOUT, until};

pub(super) struct Child {
    process: tokio::process::Child,
    directory: tempfile::TempDir,
    pub(super) address: SocketAddr,
}

impl Child {
    pub(super) async fn start(variables: &[(&str, &str)]) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_service")), variables).await
    }

    /// Starts with this limit on open files.
    pub(super) async fn start_with_descriptors(number: u32, variables: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n {number} && exec \"$0\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_service")]);
        Self::run(shell, variables).await
    }

    async fn run(mut command: Command, variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let process = command
            .env_clear()
            .env("LISTEN_ADDRESS", "127.0.0.1:0")
            .env("MONGODB_URI", "mongodb://127.0.0.1:1/")
            .env("DRAIN_SECONDS", "0")
            .envs(variables.iter().copied())
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let path = directory.path().join("log");
        until("listening", async || log_of(&path).contains("\"listening\"")).await;
        let text = log_of(&path);
        let line = text.lines().find(|line| line.contains("\"listening\"")).unwrap();
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        Self {
            process,
            address: event["address"].as_str().unwrap().parse().unwrap(),
            directory,
        }
    }

    pub(super) fn client(&self) -> HttpClient {
        HttpClient::new(self.address)
    }

    pub(super) async fn livez_is_answered(&self) -> bool {
        tokio::time::timeout(TIMEOUT, self.client().get("/livez"))
            .await
            .is_ok_and(|answer| answer.status == 200)
    }

    /// Returns the CPU time of the process in user and kernel mode.
    pub(super) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id().unwrap())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        // Fields 14 and 15 in ticks of 10 ms; the name is the second field.
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(10 * ticks)
    }

    /// Asserts that the process is running, ends it, and returns its log.
    pub(super) async fn end(&mut self) -> String {
        assert_eq!(self.process.try_wait().unwrap(), None, "the process has exited");
        self.process.kill().await.unwrap();
        log_of(&self.directory.path().join("log"))
    }
}

fn log_of(path: &PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}
