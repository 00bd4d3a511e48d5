//! Metrics of the MongoDB connection pool and of calls.

use std::time::Duration;

use mongodb::event::cmap::{CmapEvent, ConnectionCheckoutFailedReason};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// From a local ping to the time limit of a call.
const SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.0];

pub(crate) struct Mongodb {
    created: Counter,
    closed: Counter,
    open: Gauge,
    in_use: Gauge,
    failed_waits: Family<Reason, Counter>,
    durations: Family<Call, Histogram, fn() -> Histogram>,
    failures: Family<FailedCall, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FailedCall {
    operation: &'static str,
    kind: &'static str,
}

impl Mongodb {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let durations: fn() -> Histogram = || Histogram::new(SECONDS);
        let metrics = Self {
            created: Counter::default(),
            closed: Counter::default(),
            open: Gauge::default(),
            in_use: Gauge::default(),
            failed_waits: Family::default(),
            durations: Family::new_with_constructor(durations),
            failures: Family::default(),
        };
        let Self {
            created,
            closed,
            open,
            in_use,
            ..
        } = &metrics;
        registry.register(
            "mongodb_connections_created",
            "Connections created",
            created.clone(),
        );
        registry.register("mongodb_connections_closed", "Connections closed", closed.clone());
        registry.register(
            "mongodb_connections_open",
            "Open connections in the pool",
            open.clone(),
        );
        registry.register(
            "mongodb_connections_in_use",
            "Connections in use by a call",
            in_use.clone(),
        );
        registry.register(
            "mongodb_connection_waits_failed",
            "Calls that failed to get a connection",
            metrics.failed_waits.clone(),
        );
        registry.register_with_unit(
            "mongodb_call_duration",
            "Duration of MongoDB calls, including the wait for a connection",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "mongodb_call_failures",
            "Failed MongoDB calls",
            metrics.failures.clone(),
        );
        metrics
    }

    /// Records an event of the driver's connection pool.
    pub(crate) fn record_pool_event(&self, event: &CmapEvent) {
        match event {
            CmapEvent::ConnectionCreated(_) => {
                self.created.inc();
                self.open.inc();
            }
            CmapEvent::ConnectionClosed(_) => {
                self.closed.inc();
                self.open.dec();
            }
            // Waiting calls are not counted, because the driver reports no event for an abandoned wait.
            CmapEvent::ConnectionCheckedOut(_) => {
                self.in_use.inc();
            }
            CmapEvent::ConnectionCheckedIn(_) => {
                self.in_use.dec();
            }
            CmapEvent::ConnectionCheckoutFailed(failed) => {
                let reason = match failed.reason {
                    ConnectionCheckoutFailedReason::Timeout => "timeout",
                    _ => "connection",
                };
                self.failed_waits.get_or_create(&Reason { reason }).inc();
            }
            _ => {}
        }
    }

    pub(crate) fn record_call(&self, operation: &'static str, duration: Duration) {
        self.durations
            .get_or_create(&Call { operation })
            .observe(duration.as_secs_f64());
    }

    /// Records a failed or abandoned call; `kind` names the cause.
    pub(crate) fn record_failure(&self, operation: &'static str, kind: &'static str) {
        self.failures.get_or_create(&FailedCall { operation, kind }).inc();
    }
}
