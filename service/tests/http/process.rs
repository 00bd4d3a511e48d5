//! The binary: environment, `.env`, log, signals and exit status.

use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::client::HttpClient;
use super::mongo;
use super::wait::TIMEOUT;

pub(crate) fn command(directory: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A running binary and its log.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(directory: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = command(directory, variables).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads the log up to the event with this message.
    pub(crate) async fn event(&mut self, message: &str) -> Value {
        self.events_until(message).await.pop().unwrap()
    }

    /// Reads the log up to the event with this message, and returns everything read.
    pub(crate) async fn events_until(&mut self, message: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let line = tokio::time::timeout(TIMEOUT, self.lines.next_line()).await;
            let line = line
                .expect("a line in time")
                .unwrap()
                .expect("a line before the end");
            assert!(!line.contains("p%40ss"), "the log holds a password: {line}");
            let event: Value = serde_json::from_str(&line).unwrap();
            let found = event["message"] == message;
            events.push(event);
            if found {
                return events;
            }
        }
    }

    pub(crate) async fn client(&mut self) -> HttpClient {
        let event = self.event("listening").await;
        HttpClient::new(event["address"].as_str().unwrap().parse().unwrap())
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap()
    }

    /// Reads the rest of the log.
    pub(crate) async fn rest(&mut self) -> String {
        let mut text = String::new();
        while let Some(line) = tokio::time::timeout(TIMEOUT, self.lines.next_line())
            .await
            .expect("a line in time")
            .unwrap()
        {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    pub(crate) async fn terminate(self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).unwrap();
        self.end().await
    }

    /// Waits for the end of the log and of the process.
    pub(crate) async fn end(mut self) -> ExitStatus {
        self.event("stopped").await;
        tokio::time::timeout(TIMEOUT, self.child.wait())
            .await
            .expect("an end in time")
            .unwrap()
    }
}

/// Runs a binary that fails to start, and returns its stderr.
async fn refused(directory: &Path, variables: &[(&str, &str)]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command(directory, variables).output().await.unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn a_dotenv_file_configures_the_service_and_the_environment_wins() {
    let mongodb = mongo::own().await;
    let directory = tempfile::tempdir().unwrap();
    let uri = mongodb.mongodb_uri();
    let text = format!("MONGODB_URI='{uri}'\nLISTEN_ADDRESS=256.0.0.1:0\nDRAIN_SECONDS=0\n");
    std::fs::write(directory.path().join(".env"), text).unwrap();
    let mut process = Process::start(directory.path(), &[("LISTEN_ADDRESS", "127.0.0.1:0")]);
    let client = process.client().await;
    assert_eq!(client.get("/health").await.body, r#"{"status":"healthy"}"#);
    assert_eq!(client.post(r#"{"a":1}"#).await.status, 201);
    assert!(process.terminate().await.success());
}

#[tokio::test]
async fn a_request_is_logged_in_one_json_line() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("LISTEN_ADDRESS", "127.0.0.1:0"),
        ("MONGODB_URI", "mongodb://user:p%40ss@127.0.0.1:1/"),
        ("DRAIN_SECONDS", "0"),
    ];
    let mut process = Process::start(directory.path(), &variables);
    let client = process.client().await;
    let answer = client.get("/livez?secret=1").await;
    let event = process.event("request").await;
    assert_eq!(event["level"], "INFO");
    assert_eq!(event["method"], "GET");
    assert_eq!(event["path"], "/livez");
    assert_eq!(event["status"], 200);
    assert_eq!(event["request_id"], answer.header("x-request-id"));
    assert!(event["duration_ms"].as_f64().unwrap() < 1000.0, "{event}");
    client.get("/health").await.problem(503);
    let failed = process.event("request failed").await;
    assert_eq!(
        failed["error"],
        "cannot reach MongoDB at `127.0.0.1:1`: connection refused"
    );
    assert_eq!(process.event("request").await["level"], "ERROR");
    assert!(process.terminate().await.success());
}

#[tokio::test]
async fn the_connection_string_can_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("uri"), "mongodb://127.0.0.1:2/\n").unwrap();
    let variables = [
        ("LISTEN_ADDRESS", "127.0.0.1:0"),
        ("MONGODB_URI_FILE", "uri"),
        ("DRAIN_SECONDS", "0"),
    ];
    let mut process = Process::start(directory.path(), &variables);
    assert_eq!(process.event("listening").await["mongodb"], "127.0.0.1:2");
    assert!(process.terminate().await.success());
}

#[tokio::test]
async fn a_taken_port_is_one_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let stderr = refused(directory.path(), &[("LISTEN_ADDRESS", &address)]).await;
    assert_eq!(
        stderr,
        format!(
            "error: cannot listen on `{address}`: Address already in use (os error 98)\n\
             hint: stop the program that uses this port, or set `LISTEN_ADDRESS`\n"
        )
    );
}

#[tokio::test]
async fn a_bad_setting_is_named_without_showing_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let check = async |variables: &[(&str, &str)], expected: &str| {
        assert_eq!(refused(directory.path(), variables).await, expected);
    };
    check(
        &[("MONGODB_URI", "mongodb://user:p@ss/word@host/")],
        "error: invalid user name or password in the MongoDB connection string\n\
         hint: percent-encode `:/?#[]@%` in user name and password, for example `@` as `%40`\n",
    )
    .await;
    check(
        &[("LISTEN_ADDRESS", "localhost")],
        "error: environment variable `LISTEN_ADDRESS` has the invalid value `localhost`\n\
         hint: set it to an IP address and a port such as `0.0.0.0:5000`\n",
    )
    .await;
    check(
        &[("MONGODB_URI_FILE", "nowhere")],
        "error: cannot read the connection string file `nowhere`: No such file or directory (os error 2)\n\
         hint: set `MONGODB_URI_FILE` to a file that contains only the connection string\n",
    )
    .await;
    std::fs::write(
        directory.path().join(".env"),
        "A=1\nMONGODB_URI mongodb://secret\n",
    )
    .unwrap();
    check(
        &[],
        "error: cannot parse line 2 of `./.env`\n\
         hint: write `NAME=value`; put values with spaces or `$` in single quotes\n",
    )
    .await;
}
