//! The log: one JSON object per line on stdout, written by its own thread.

mod access;
mod queue;

use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) use access::Access;
pub(crate) use queue::dropped;

/// The log level; unset until the log is started.
static LEVEL: OnceLock<LevelFilter> = OnceLock::new();

/// Flushes the log when dropped.
#[must_use = "dropping this flushes the log"]
pub(crate) struct Log(());

/// Starts logging events and panics to stdout, unless a subscriber is already installed.
pub(crate) fn start(level: LevelFilter) -> Log {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(|| queue::Lines);
    // Libraries repeat what the service logs, and may log secrets.
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
        // A level set by another thread is just as good.
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
    let error = panic
        .payload_as_str()
        .unwrap_or("panic with a non-string payload");
    tracing::error!(error, location, "panic");
}
