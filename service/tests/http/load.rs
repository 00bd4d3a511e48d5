//! Sends requests at a fixed rate, as a load balancer would, until the service is no longer ready.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use salvo::http::{Method, StatusCode};
use salvo::hyper::Request;
use salvo::hyper::body::Bytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use super::wait::TIMEOUT;

type Sender = Client<HttpConnector, Full<Bytes>>;

/// The interval of readiness probes.
const PROBES: Duration = Duration::from_millis(100);

/// The outcome of the requests.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) served: usize,
    /// Other statuses, broken connections and missing responses.
    pub(crate) failed: Vec<String>,
}

/// Sends `rate` requests a second, alternating between reused and new connections, until the service is no longer
/// ready. Returns after the last response.
pub(crate) async fn run(address: SocketAddr, rate: u32) -> Report {
    // Automatic retries would hide failures.
    let kept = || {
        Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .clone()
    };
    let (balancer, probe): (Sender, Sender) = (kept().build_http(), kept().build_http());
    let mut requests = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / rate);
    let mut probed = Instant::now();
    let mut number = 0_u32;
    loop {
        ticks.tick().await;
        if probed.elapsed() > PROBES {
            probed = Instant::now();
            if send(&probe, address, Method::GET, "/readyz").await != Ok(StatusCode::OK) {
                break;
            }
        }
        let client = if number.is_multiple_of(2) {
            balancer.clone()
        } else {
            kept().pool_max_idle_per_host(0).build_http()
        };
        let (method, path) = if number % 4 < 2 {
            (Method::POST, "/data")
        } else {
            (Method::GET, "/health")
        };
        number += 1;
        requests.spawn(async move { send(&client, address, method, path).await });
    }
    let mut report = Report::default();
    while let Some(status) = requests.join_next().await {
        match status.unwrap() {
            Ok(StatusCode::OK | StatusCode::CREATED) => report.served += 1,
            Ok(other) => report.failed.push(other.to_string()),
            Err(error) => report.failed.push(error),
        }
    }
    report
}

async fn send(
    client: &Sender,
    address: SocketAddr,
    method: Method,
    path: &str,
) -> Result<StatusCode, String> {
    let body = if method == Method::POST { r#"{"a":1}"# } else { "" };
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap();
    let exchange = async {
        let answer = client
            .request(request)
            .await
            .map_err(|error| format!("{path}: {error:?}"))?;
        let status = answer.status();
        answer
            .into_body()
            .collect()
            .await
            .map_err(|error| format!("{path}: {error:?}"))?;
        Ok(status)
    };
    timeout(TIMEOUT, exchange)
        .await
        .map_err(|_| format!("{path}: no answer"))?
}
