//! Shutdown: not ready first, then closed to new connections, and nothing in flight is cut off.

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use service::configuration::{Configuration, Shutdown};
use tokio::net::TcpStream;

use super::app::TestApp;
use super::client::Wire;
use super::load;
use super::mongo;
use super::process::Process;
use super::wait::until;

fn with_shutdown(shutdown: Shutdown) -> Configuration {
    Configuration {
        shutdown,
        ..Configuration::default()
    }
}

/// Sends the first half of a request.
async fn half_a_post(app: &TestApp) -> Wire {
    let mut wire = app.wire().await;
    let head = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    wire.write(&format!(
        "{head}Content-Length: 7\r\nExpect: 100-continue\r\n\r\n"
    ))
    .await;
    // The server asks for the body once the handler reads it.
    wire.read_until("100 Continue").await;
    wire.write("{\"a\"").await;
    wire
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_service_stops() {
    let drain = Duration::from_millis(500);
    let app = TestApp::start_with(with_shutdown(Shutdown {
        drain,
        ..Shutdown::default()
    }))
    .await;
    let mut wire = half_a_post(&app).await;
    app.stop.send(()).await.unwrap();
    until("draining", async || app.client.get("/readyz").await.status == 503).await;
    assert_eq!(
        app.client.get("/readyz").await.problem(503),
        "the service is shutting down"
    );
    assert_eq!(
        app.client.get("/livez").await.status,
        200,
        "it still serves while it drains"
    );
    until("refused", async || TcpStream::connect(app.address).await.is_err()).await;
    wire.write(":1}").await;
    let answer = wire.read_until("}").await;
    assert!(answer.contains("HTTP/1.1 201 "), "{answer}");
    app.join().await;
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_a_shutdown() {
    let app = TestApp::start_with(with_shutdown(Shutdown {
        drain: Duration::ZERO,
        ..Shutdown::default()
    }))
    .await;
    let mut idle = app.wire().await;
    idle.write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.read_until("}").await;
    let _silent = app.wire().await;
    let time = Instant::now();
    app.stop.send(()).await.unwrap();
    app.join().await;
    assert!(time.elapsed() < Duration::from_secs(5), "{:?}", time.elapsed());
}

#[tokio::test]
async fn a_request_in_flight_is_aborted_after_the_grace_period() {
    let grace = Duration::from_millis(200);
    let app = TestApp::start_with(with_shutdown(Shutdown {
        drain: Duration::ZERO,
        grace,
    }))
    .await;
    let _wire = half_a_post(&app).await;
    app.stop.send(()).await.unwrap();
    app.join().await;
}

#[tokio::test]
async fn a_second_signal_stops_immediately() {
    let app = TestApp::start().await;
    let _wire = half_a_post(&app).await;
    let time = Instant::now();
    app.stop.send(()).await.unwrap();
    app.stop.send(()).await.unwrap();
    app.join().await;
    assert!(time.elapsed() < Duration::from_secs(4), "{:?}", time.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_under_two_hundred_requests_a_second_fails_none_of_them() {
    let mongodb = mongo::own().await;
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("LISTEN_ADDRESS", "127.0.0.1:0"),
        ("MONGODB_URI", &mongodb.mongodb_uri()),
        ("DRAIN_SECONDS", "3"),
    ];
    let mut process = Process::start(directory.path(), &variables);
    let client = process.client().await;
    until("ready", async || client.get("/readyz").await.status == 200).await;
    let pid = process.pid();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        kill_process(pid, Signal::TERM).unwrap();
        Instant::now()
    };
    // Keep reading the log: a full pipe would block the service.
    let (report, time, status) = tokio::join!(load::run(client.address, 200), stop, process.end());
    assert_eq!(report.failed, [""; 0]);
    assert!(report.served > 100, "{}", report.served);
    assert!(status.success(), "{status}");
    assert!(time.elapsed() < Shutdown::default().grace, "{:?}", time.elapsed());
}

#[tokio::test]
async fn a_response_during_shutdown_is_the_last_of_its_connection() {
    let app = TestApp::start_with(with_shutdown(Shutdown {
        drain: Duration::from_secs(2),
        ..Shutdown::default()
    }))
    .await;
    let mut kept = app.wire().await;
    kept.write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = kept.read_until("}").await;
    assert!(!answer.to_lowercase().contains("connection: close"), "{answer}");
    let mut in_flight = half_a_post(&app).await;
    app.stop.send(()).await.unwrap();
    until("draining", async || app.client.get("/readyz").await.status == 503).await;
    kept.write("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = kept.read_to_end().await;
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    in_flight.write(":1}").await;
    let answer = in_flight.read_to_end().await;
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    app.join().await;
}

#[tokio::test]
async fn every_response_during_shutdown_closes_its_connection() {
    let app = TestApp::start_with(with_shutdown(Shutdown {
        drain: Duration::from_secs(20),
        ..Shutdown::default()
    }))
    .await;
    let requests = [
        "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS /data HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /data/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /livez HTTP/1.1\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
    ];
    app.stop.send(()).await.unwrap();
    until("draining", async || app.client.get("/readyz").await.status == 503).await;
    for request in requests {
        let mut wire = app.wire().await;
        wire.write(request).await;
        let answer = wire.read_to_end().await;
        assert!(
            answer.contains("\r\nconnection: close\r\n"),
            "{request}: {answer}"
        );
    }
    app.stop.send(()).await.unwrap();
    app.join().await;
}
