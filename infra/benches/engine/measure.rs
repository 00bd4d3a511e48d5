//! What a piece of work costs: wall time, processor time of client and servers, memory.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Length of the kernel's clock tick as `/proc` counts it, the same on every Linux.
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
    /// The most memory that the client held, from its start, in KiB.
    pub(crate) peak: u64,
}

/// Measures this process, one piece of work after the other.
pub(crate) struct Meter {
    servers: Vec<u32>,
    began: Instant,
    client: f64,
    server: f64,
}

impl Meter {
    /// Begins to measure. `servers` are the processes whose time is counted beside the own one.
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

/// Processor time of this process in milliseconds.
fn own_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanoseconds) = (count(time.tv_sec), count(time.tv_nsec));
    seconds * 1e3 + nanoseconds / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn count(number: i64) -> f64 {
    number as f64
}

/// Processor time of these processes in milliseconds; those that are gone count nothing.
pub(crate) fn time_of(processes: &[u32]) -> f64 {
    let ticks = |process: &u32| -> f64 { stat(*process).map_or(0.0, |(_, ticks)| ticks) };
    processes.iter().map(ticks).sum::<f64>() * TICK_MILLISECONDS
}

/// The state of a process, and its ticks with those of its children that have ended.
pub(crate) fn stat(process: u32) -> Option<(char, f64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields behind it are counted from the state, which is the third.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let state = fields.first()?.chars().next()?;
    let ticks = fields
        .get(11..15)?
        .iter()
        .filter_map(|field| field.parse::<f64>().ok());
    Some((state, ticks.sum()))
}

/// The most memory that a process has held, in KiB; `None` when it is gone.
pub(crate) fn peak(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
