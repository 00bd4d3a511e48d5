//! Lines on their way to stdout. Whoever logs never waits: a reader that is stuck costs lines, which are counted.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What is kept for a reader that is slow: some seconds of a busy service.
const MOST_BYTES: usize = 1024 * 1024;

/// How long lines are gathered: waking the thread for each of them would cost more than all the rest.
const GATHERING: Duration = Duration::from_millis(5);

/// How long the end of the process waits for a reader.
const PATIENCE: Duration = Duration::from_secs(1);

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

/// Takes whole lines, one with each call.
pub(super) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = lock();
        if state.text.len() + line.len() > MOST_BYTES {
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

/// Returns how many lines were dropped because nobody read them.
pub(crate) fn dropped() -> u64 {
    QUEUE.dropped.load(Ordering::Relaxed)
}

/// Starts the thread that writes. Without it, lines are kept until there are too many.
pub(super) fn start() {
    let writer = thread::Builder::new()
        .name("log".to_owned())
        .spawn(write_for_ever);
    if writer.is_err() {
        QUEUE.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until everything is written, but not for a reader that is stuck.
pub(super) fn finish() {
    let mut state = lock();
    state.is_finishing = true;
    QUEUE.changed.notify_all();
    let is_left = |state: &mut State| !state.text.is_empty() || state.is_writing;
    drop(QUEUE.changed.wait_timeout_while(state, PATIENCE, is_left));
}

fn write_for_ever() {
    let mut text = Vec::new();
    let mut told = 0;
    loop {
        let is_idle = |state: &mut State| state.text.is_empty();
        let state = QUEUE.changed.wait_while(lock(), is_idle);
        let is_finishing = state.unwrap_or_else(PoisonError::into_inner).is_finishing;
        if !is_finishing {
            thread::sleep(GATHERING);
        }
        {
            let mut state = lock();
            std::mem::swap(&mut text, &mut state.text);
            state.is_writing = true;
        }
        let dropped = dropped();
        if dropped > told {
            let now = jiff::Timestamp::now();
            let count = dropped - told;
            let line = format!(
                "{{\"timestamp\":\"{now:.6}\",\"level\":\"WARN\",\"message\":\"log lines were dropped\",\"count\":{count},\"target\":\"service::logging\"}}\n"
            );
            text.extend_from_slice(line.as_bytes());
            told = dropped;
        }
        // With stdout gone there is nobody left to tell.
        let _ = io::stdout().write_all(&text);
        text.clear();
        lock().is_writing = false;
        QUEUE.changed.notify_all();
    }
}

/// A panic inside the lock leaves whole lines behind.
fn lock() -> MutexGuard<'static, State> {
    QUEUE.state.lock().unwrap_or_else(PoisonError::into_inner)
}
