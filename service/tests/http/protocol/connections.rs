//! Many connections at once: others are served, and floods end with the head timeout.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use service::configuration::Configuration;

use super::super::app::TestApp;
use super::super::client::Wire;
use super::super::wait::until;
use super::child::Child;

const FLOOD: usize = 500;

async fn open(address: SocketAddr, count: usize) -> Vec<Wire> {
    let mut wires = Vec::new();
    for _ in 0..count {
        wires.push(Wire::open(address).await);
    }
    wires
}

/// The median of eleven requests, to ignore pauses of the machine.
async fn time_of_livez(app: &TestApp) -> Duration {
    let mut times = Vec::new();
    for _ in 0..11 {
        let start = Instant::now();
        assert_eq!(app.client.get("/livez").await.status, 200);
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

async fn all_end(wires: Vec<Wire>) {
    for wire in wires {
        wire.read_to_end().await;
    }
}

#[tokio::test]
async fn five_hundred_silent_connections_block_no_request_and_are_closed() {
    let mut configuration = Configuration::default();
    configuration.http.head_timeout = Duration::from_secs(3);
    let app = TestApp::start_with(configuration).await;
    let wires = open(app.address, FLOOD).await;
    let time = time_of_livez(&app).await;
    assert!(time < Duration::from_millis(100), "{time:?}");
    all_end(wires).await;
}

#[tokio::test]
async fn five_hundred_slow_heads_block_no_request_and_are_closed() {
    let mut configuration = Configuration::default();
    configuration.http.head_timeout = Duration::from_secs(3);
    let app = TestApp::start_with(configuration).await;
    let mut wires = open(app.address, FLOOD).await;
    for byte in b"GET " {
        for wire in &mut wires {
            // Later bytes may meet closed connections.
            let _ = wire.write_bytes(&[*byte]).await;
        }
        let time = time_of_livez(&app).await;
        assert!(time < Duration::from_millis(100), "{time:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    all_end(wires).await;
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_another_to_end() {
    let mut configuration = Configuration::default();
    configuration.http.connections = 2;
    let app = TestApp::start_with(configuration).await;
    let served = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut wires = open(app.address, 3).await;
    for wire in &mut wires {
        wire.write(served).await;
    }
    wires[0].read_until("}").await;
    wires[1].read_until("}").await;
    let third = &wires[2];
    let early = tokio::time::timeout(Duration::from_millis(100), third.readable()).await;
    assert!(early.is_err(), "it was served despite the limit");
    wires.swap_remove(0);
    wires[0].read_until("}").await;
}

#[tokio::test]
async fn a_full_server_still_shuts_down() {
    let mut configuration = Configuration::default();
    configuration.http.connections = 2;
    configuration.shutdown.drain = Duration::ZERO;
    let app = TestApp::start_with(configuration).await;
    let _wires = open(app.address, 3).await;
    let start = Instant::now();
    app.stop.send(()).await.unwrap();
    app.join().await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn exhausting_all_descriptors_neither_stops_nor_busies_the_server() {
    let mut child = Child::start_with_descriptors(16, &[("HEAD_SECONDS", "3")]).await;
    let client = child.client();
    assert_eq!(client.get("/livez").await.status, 200);
    let wires = open(child.address, 100).await;
    let before = child.processor_time();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let used = child.processor_time().saturating_sub(before);
    assert!(used < Duration::from_millis(300), "{used:?} of a second");
    drop(wires);
    until("served again", async || child.livez_is_answered().await).await;
    let log = child.end().await;
    let complaints = log.matches("cannot accept a connection").count();
    assert_eq!(
        complaints, 1,
        "one line is enough, and none means that there was no flood: {log}"
    );
    assert!(!log.contains("panic"), "{log}");
}
