//! The log: one JSON object per line on stdout, written by a thread of its own.

mod access;
mod queue;

use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) use access::Access;
pub(crate) use queue::dropped;

/// The level of this process; not set while nobody wants a log.
static LEVEL: OnceLock<LevelFilter> = OnceLock::new();

/// Writes what is left of the log when it is dropped.
#[must_use = "the end of the log is written when this is dropped"]
pub(crate) struct Log(());

/// Sends events to stdout from now on, and panics with them. Does nothing when that was done before.
pub(crate) fn start(level: LevelFilter) -> Log {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(|| queue::Lines);
    // The libraries tell the same things in their own words, and some of them more than a log should hold.
    let targets = Targets::new()
        .with_target("service", level)
        .with_default(level.min(LevelFilter::WARN));
    let started = tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .try_init();
    if started.is_ok() {
        std::panic::set_hook(Box::new(report_panic));
        queue::start();
        // Somebody else's level is as good as this one.
        let _ = LEVEL.set(level);
    }
    Log(())
}

impl Drop for Log {
    fn drop(&mut self) {
        queue::finish();
    }
}

fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let error = panic.payload_as_str().unwrap_or("a panic without words");
    tracing::error!(error, location, "panic");
}
