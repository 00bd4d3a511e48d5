//! Starts, stops and their interruptions, none of which may leave a process behind.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use sandbox::{Options, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::wait;

/// A state directory; dropping it stops a sandbox that a failed test has left.
struct Home {
    directory: TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
        command.arg(name).arg("--directory").arg(self.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    #[track_caller]
    fn run(&self, name: &str, expected_status: i32) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(name).output().unwrap();
        let (stdout, stderr) = (
            String::from_utf8(stdout).unwrap(),
            String::from_utf8(stderr).unwrap(),
        );
        assert_eq!(status.code(), Some(expected_status), "{stdout}{stderr}");
        stdout
    }

    /// Empty before the first state.
    fn state(&self) -> Value {
        let content = std::fs::read(self.path().join("state.json")).unwrap_or_default();
        serde_json::from_slice(&content).unwrap_or_default()
    }

    fn pids(&self) -> Vec<u32> {
        let processes = self.state()["processes"].as_array().cloned().unwrap_or_default();
        processes
            .iter()
            .map(|process| u32::try_from(process["pid"].as_u64().unwrap()).unwrap())
            .collect()
    }

    fn supervisor(&self) -> u32 {
        std::fs::read_to_string(self.path().join("lock"))
            .unwrap()
            .parse()
            .unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _stopped = self.command("down").output();
    }
}

/// A zombie has no command line either.
fn is_gone(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline"))
        .unwrap_or_default()
        .is_empty()
}

/// The processes with the directory on their command line, as every component has it.
fn processes_of(directory: &Path) -> Vec<u32> {
    let wanted = directory.to_str().unwrap();
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(wanted)
    })
    .collect()
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn up_and_down_can_be_repeated_and_the_data_stays() {
    let home = Home::new();
    home.run("status", 3);
    home.run("down", 0);
    assert!(home.run("up", 0).contains("is ready"));
    let (first, ports) = (home.pids(), home.state()["ports"].clone());
    let kubeconfig = std::fs::read(home.path().join("kubeconfig")).unwrap();
    assert_eq!(first.len(), 6);
    assert!(home.run("up", 0).contains("already running"));
    assert_eq!(home.pids(), first);
    assert!(home.run("status", 0).contains("kube-apiserver"));
    assert!(home.run("down", 0).contains("stopped"));
    assert_eq!(processes_of(home.path()), Vec::<u32>::new());
    home.run("status", 3);

    assert!(home.run("up", 0).contains("is ready"));
    assert_eq!(home.state()["ports"], ports);
    assert_eq!(std::fs::read(home.path().join("kubeconfig")).unwrap(), kubeconfig);
}

#[test]
fn a_killed_supervisor_leaves_no_process() {
    let home = Home::new();
    home.run("up", 0);
    assert_eq!(home.pids().len(), 6);
    signal(home.supervisor(), Signal::KILL);
    wait::until("every process is gone", || {
        processes_of(home.path()).is_empty().then_some(())
    });
    home.run("status", 3);
}

#[test]
fn a_killed_up_leaves_no_process() {
    let home = Home::new();
    // Some of these delays kill a store at a moment that would leave it broken.
    for milliseconds in (60..600).step_by(60) {
        let mut up = home.command("up").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        up.kill().unwrap();
        up.wait().unwrap();
        wait::until("every process is gone", || {
            processes_of(home.path()).is_empty().then_some(())
        });
    }
    home.run("up", 0);
}

#[test]
fn an_interrupted_up_ends_with_130_and_leaves_no_process() {
    let home = Home::new();
    let mut up = home.command("up").spawn().unwrap();
    wait::until("the API server is starting", || {
        home.path().join("logs/kube-apiserver.log").exists().then_some(())
    });
    signal(up.id(), Signal::INT);
    assert_eq!(up.wait().unwrap().code(), Some(130));
    assert_eq!(processes_of(home.path()), Vec::<u32>::new());
}

#[test]
fn a_component_that_dies_takes_the_rest_with_it_and_is_named() {
    let home = Home::new();
    home.run("up", 0);
    let processes = home.state()["processes"].clone();
    let mongod = processes
        .as_array()
        .unwrap()
        .iter()
        .find(|process| process["component"] == "mongo-db")
        .unwrap();
    signal(
        u32::try_from(mongod["pid"].as_u64().unwrap()).unwrap(),
        Signal::KILL,
    );
    wait::until("every process is gone", || {
        processes_of(home.path()).is_empty().then_some(())
    });
    let Output { stdout, stderr, .. } = home.command("status").output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert!(text.contains("`mongod` ended with signal: 9"), "{text}");
}

#[test]
fn a_dropped_sandbox_leaves_neither_processes_nor_its_directory() {
    let options = Options {
        control_plane: false,
        ..Options::default()
    };
    let sandbox = Sandbox::start(&options).unwrap();
    let (directory, mongod) = (sandbox.directory().to_path_buf(), sandbox.mongodb_pid());
    assert!(!is_gone(mongod));
    let mode = std::fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    drop(sandbox);
    assert!(is_gone(mongod));
    assert!(!directory.exists());
}

#[test]
fn a_taken_directory_is_refused_in_one_line() {
    let home = Home::new();
    let options = Options {
        control_plane: false,
        mongodb: true,
        directory: Some(home.path().to_path_buf()),
    };
    let _first = Sandbox::start(&options).unwrap();
    let error = Sandbox::start(&options).unwrap_err();
    assert!(error.to_string().contains("runs in"), "{error}");
    assert!(error.hint().is_some());
}
