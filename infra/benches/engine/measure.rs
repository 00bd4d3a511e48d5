//! Measures the cost of work: wall time, CPU time of client and servers, and memory.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Length of a clock tick in `/proc`, the same on every Linux.
const TICK_MILLISECONDS: f64 = 10.0;

/// The cost of one piece of work.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Wall time in milliseconds.
    pub(crate) wall: f64,
    /// User and system time of the client in milliseconds.
    pub(crate) client: f64,
    /// User and system time of API server and etcd in milliseconds, in steps of 10.
    pub(crate) server: f64,
    /// Peak memory of the client since its start, in KiB.
    pub(crate) peak: u64,
}

/// Measures this process, lap by lap.
pub(crate) struct Meter {
    servers: Vec<u32>,
    began: Instant,
    client: f64,
    server: f64,
}

impl Meter {
    /// Starts to measure. The CPU time of `servers` is counted separately from that of this process.
    pub(crate) fn start(servers: &[u32]) -> Self {
        Self {
            servers: servers.to_vec(),
            began: Instant::now(),
            client: own_time(),
            server: time_of(servers),
        }
    }

    /// The cost since the last lap.
    pub(crate) fn lap(&mut self) -> Cost {
        let next = Self::start(&self.servers);
        let cost = Cost {
            wall: milliseconds(self.began, next.began),
            client: next.client - self.client,
            server: next.server - self.server,
            peak: peak(std::process::id()).unwrap_or(0),
        };
        *self = next;
        cost
    }

    /// When the lap began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }
}

/// Milliseconds between two moments.
pub(crate) fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}

/// CPU time of this process in milliseconds.
fn own_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanoseconds) = (count(time.tv_sec), count(time.tv_nsec));
    seconds * 1e3 + nanoseconds / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn count(number: i64) -> f64 {
    number as f64
}

/// CPU time of these processes in milliseconds; those that have exited count as zero.
pub(crate) fn time_of(processes: &[u32]) -> f64 {
    let ticks = |process: &u32| -> f64 { stat(*process).map_or(0.0, |(_, ticks)| ticks) };
    processes.iter().map(ticks).sum::<f64>() * TICK_MILLISECONDS
}

/// The state of a process, and its ticks including those of its exited children.
pub(crate) fn stat(process: u32) -> Option<(char, f64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may contain anything; the fields after it are counted from the state, the third.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let state = fields.first()?.chars().next()?;
    let ticks = fields
        .get(11..15)?
        .iter()
        .filter_map(|field| field.parse::<f64>().ok());
    Some((state, ticks.sum()))
}

/// Peak memory of a process in KiB; `None` if it has exited.
pub(crate) fn peak(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
