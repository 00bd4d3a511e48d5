//! Queues log lines for stdout. Logging never blocks: if the reader is stuck, lines are dropped and counted.
//!
//! `tracing-appender` would count lines instead of bytes, and its guard prints to the blocked stdout, so that a
//! shutdown with a stuck reader and a full queue never ends.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The capacity, enough for several seconds of a busy service.
const CAPACITY_BYTES: usize = 1024 * 1024;

/// How long to collect lines before writing them, so that the thread does not wake for each one.
const BATCH_INTERVAL: Duration = Duration::from_millis(5);

/// How long a shutdown waits for the reader.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

static QUEUE: Queue = Queue {
    state: Mutex::new(State {
        text: Vec::new(),
        is_finishing: false,
        is_writing: false,
    }),
    changed: Condvar::new(),
    dropped: AtomicU64::new(0),
};

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    dropped: AtomicU64,
}

struct State {
    text: Vec<u8>,
    is_finishing: bool,
    is_writing: bool,
}

/// Accepts one whole line per call.
pub(super) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = lock();
        if state.text.len() + line.len() > CAPACITY_BYTES {
            QUEUE.dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(line.len());
        }
        let was_empty = state.text.is_empty();
        state.text.extend_from_slice(line);
        drop(state);
        if was_empty {
            QUEUE.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns how many lines were dropped.
pub(crate) fn dropped() -> u64 {
    QUEUE.dropped.load(Ordering::Relaxed)
}

/// Starts the writer thread. Without it, lines queue until the capacity is reached.
pub(super) fn start() {
    let writer = thread::Builder::new().name("log".to_owned()).spawn(write_forever);
    if writer.is_err() {
        QUEUE.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until all lines are written, unless the reader is stuck.
pub(super) fn finish() {
    let mut state = lock();
    state.is_finishing = true;
    QUEUE.changed.notify_all();
    let is_left = |state: &mut State| !state.text.is_empty() || state.is_writing;
    drop(QUEUE.changed.wait_timeout_while(state, SHUTDOWN_TIMEOUT, is_left));
}

fn write_forever() {
    let mut text = Vec::new();
    let mut reported = 0;
    loop {
        let is_idle = |state: &mut State| state.text.is_empty();
        let state = QUEUE.changed.wait_while(lock(), is_idle);
        let is_finishing = state.unwrap_or_else(PoisonError::into_inner).is_finishing;
        if !is_finishing {
            thread::sleep(BATCH_INTERVAL);
        }
        {
            let mut state = lock();
            std::mem::swap(&mut text, &mut state.text);
            state.is_writing = true;
        }
        let dropped = dropped();
        if dropped > reported {
            let now = jiff::Timestamp::now();
            let count = dropped - reported;
            let line = format!(
                "{{\"timestamp\":\"{now:.6}\",\"level\":\"WARN\",\"message\":\"log lines were dropped\",\"count\":{count},\"target\":\"service::logging\"}}\n"
            );
            text.extend_from_slice(line.as_bytes());
            reported = dropped;
        }
        // If stdout is gone, nothing can be reported.
        let _ = io::stdout().write_all(&text);
        text.clear();
        lock().is_writing = false;
        QUEUE.changed.notify_all();
    }
}

/// A panic while the lock is held leaves only whole lines.
fn lock() -> MutexGuard<'static, State> {
    QUEUE.state.lock().unwrap_or_else(PoisonError::into_inner)
}
