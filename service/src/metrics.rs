//! The metrics of this process. They are global, because a scrape target is a process.

mod http;
mod mongodb;
mod process;

use std::fmt;
use std::sync::LazyLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub(crate) use http::{Http, InFlight};
pub(crate) use mongodb::Mongodb;

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

pub(crate) fn metrics() -> &'static Metrics {
    &METRICS
}

/// All metrics.
pub(crate) struct Metrics {
    pub(crate) http: Http,
    pub(crate) mongodb: Mongodb,
    registry: Registry,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::default();
        let http = Http::register(&mut registry);
        let mongodb = Mongodb::register(&mut registry);
        registry.register_collector(Box::new(process::Process));
        let build = Info::new(Build {
            version: env!("CARGO_PKG_VERSION"),
        });
        registry.register("service_build", "Build information", build);
        Self {
            http,
            mongodb,
            registry,
        }
    }
}

/// Encodes all metrics in the OpenMetrics text format.
pub(crate) fn text() -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, &METRICS.registry)?;
    Ok(text)
}
