//! Runs a program, and reads its CPU time and memory from `/proc`.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The unit of CPU times in `/proc`, the same on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// How long a program may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that listens on a local port; it ends with this value.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a program and waits until it accepts connections.
    pub(crate) fn start(command: impl FnOnce(u16) -> Command) -> Result<Self> {
        let process = Self::launch(command)?;
        let start = Instant::now();
        while TcpStream::connect(process.address).is_err() {
            if start.elapsed() > PATIENCE {
                bail!("the program does not listen on {}", process.address);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(process)
    }

    /// Starts a program without waiting.
    pub(crate) fn launch(command: impl FnOnce(u16) -> Command) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = command(address.port());
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child, address })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the user and system time of the process and its children.
    pub(crate) fn processor_time(&self) -> Duration {
        tree(self.id()).into_iter().map(processor_time).sum()
    }

    /// Returns their resident memory in KiB.
    pub(crate) fn resident(&self) -> u64 {
        tree(self.id())
            .into_iter()
            .map(|process| status(process, "VmRSS:"))
            .sum()
    }

    /// Returns their peak memory in KiB.
    pub(crate) fn peak(&self) -> u64 {
        tree(self.id())
            .into_iter()
            .map(|process| status(process, "VmHWM:"))
            .sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gunicorn stops its children only if it is asked to stop.
        if let Some(process) = rustix::process::Pid::from_raw(i32::try_from(self.id()).unwrap_or_default()) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::INT);
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(500) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        for process in tree(self.id()).into_iter().skip(1) {
            if let Some(process) = rustix::process::Pid::from_raw(i32::try_from(process).unwrap_or_default())
            {
                let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the user and system time of a process.
pub(crate) fn processor_time(process: u32) -> Duration {
    ticks(&format!("/proc/{process}/stat"), 11)
}

/// Returns the user and system time of this process's terminated children.
pub(crate) fn processor_time_of_the_ended() -> Duration {
    ticks("/proc/self/stat", 13)
}

/// Adds two adjacent fields, counted after the program's name.
fn ticks(file: &str, first: usize) -> Duration {
    let stat = fs::read_to_string(file).unwrap_or_default();
    // The name may contain spaces.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks: u32 = fields
        .split(' ')
        .skip(first)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    TICK * ticks
}

/// Returns the process and all its descendants.
fn tree(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let below = children
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
        .flat_map(tree);
    std::iter::once(process).chain(below).collect()
}

fn status(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
