//! More requests than MongoDB can serve, and clients that do not wait.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use futures::future::join_all;
use service::configuration::Configuration;
use service::database::Limits;

use super::super::proxy::Link;
use super::super::wait::until;
use super::harness::{ANSWER_DEADLINE, Fault, Harness};

/// Documented as "fewer than", including the test's own connections.
const CONNECTIONS: i32 = 20;

/// Concurrent requests. [`Harness::at_once`] sends two per number.
const CROWD: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_requests_at_once_are_all_served() {
    let harness = Harness::start().await;
    let outcomes = harness.at_once(0..CROWD / 2).await;
    assert!(outcomes.values().all(|status| *status == 201), "{outcomes:?}");
    harness.check_documents(&outcomes).await;
    let connections = harness.connections().await;
    assert!(connections < CONNECTIONS, "{connections}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_refuses_what_it_cannot_take_and_stays_ready() {
    let mut configuration = Configuration::default();
    configuration.mongodb.limits = Limits {
        calls: NonZeroU32::new(2).unwrap(),
        queue: 20,
        ..Limits::default()
    };
    let harness = Harness::start_with(configuration, "").await;
    // A round trip takes 0.4 s, so there are five per second.
    harness.link(Link::Delayed(Duration::from_millis(200)));
    let crowd = harness.at_once(0..CROWD);
    let probes = async {
        for _ in 0..10 {
            for path in ["/livez", "/readyz", "/health"] {
                let time = Instant::now();
                let answer = harness.app.client.get(path).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.body);
                assert!(
                    time.elapsed() < Duration::from_secs(2),
                    "{path}: {:?}",
                    time.elapsed()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (outcomes, ()) = tokio::join!(crowd, probes);
    let refused = outcomes.values().filter(|status| **status == 503).count();
    assert!(refused > CROWD / 2, "{outcomes:?}");
    harness.link(Link::Open);
    let answer = harness.app.client.post(r#"{"n":1000}"#).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    harness.check_documents(&outcomes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overload_is_reported_as_such() {
    let mut configuration = Configuration::default();
    configuration.mongodb.limits = Limits {
        calls: NonZeroU32::MIN,
        queue: 0,
        ..Limits::default()
    };
    let harness = Harness::start_with(configuration, "").await;
    harness.link(Link::Delayed(Duration::from_millis(200)));
    let answers = join_all((0..2).map(|_| harness.app.client.get("/data"))).await;
    let refused = answers
        .iter()
        .find(|answer| answer.status != 200)
        .expect("one too many");
    assert_eq!(refused.problem(503), "too many concurrent requests to MongoDB");
    assert_eq!(refused.json()["type"], "urn:problem-type:overloaded");
    assert_eq!(refused.header("retry-after"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_disconnected_clients_leave_few_connections_and_a_ready_service() {
    // Requests of vanished clients continue, but must not displace later ones.
    let mut configuration = Configuration::default();
    configuration.mongodb.limits = Limits {
        queue: 1000,
        queue_timeout: Duration::from_secs(5),
        ..Limits::default()
    };
    for fault in [None, Some(Fault::Frozen)] {
        let mut harness = Harness::start_with(configuration.clone(), "").await;
        match fault {
            Some(fault) => harness.inject(fault).await,
            None => harness.link(Link::Delayed(Duration::from_millis(100))),
        }
        for half in [CROWD / 2, CROWD / 2] {
            join_all((0..half).map(async |number| {
                let mut wire = harness.app.wire().await;
                let post = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
                let get = "GET /data HTTP/1.1\r\nHost: a\r\n\r\n";
                wire.write(if number % 2 == 0 { post } else { get }).await;
            }))
            .await;
            // The clients are gone; some of their calls are in progress.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        match fault {
            Some(fault) => {
                harness.becomes_unready().await;
                harness.recover(fault).await;
            }
            None => harness.link(Link::Open),
        }
        harness.becomes_ready().await;
        let connections = harness.connections().await;
        assert!(connections < CONNECTIONS, "{fault:?}: {connections}");
        let outcomes = harness.at_once(0..CROWD / 2).await;
        assert!(
            outcomes.values().all(|status| *status == 201),
            "{fault:?}: {outcomes:?}"
        );
    }
}

/// Longer than any timeout of the driver and the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_freeze_under_load_leaves_nothing_behind() {
    let mut harness = Harness::start().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    harness.inject(Fault::Frozen).await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let time = Instant::now();
        harness.at_once(0..CROWD / 4).await;
        assert!(time.elapsed() < ANSWER_DEADLINE, "{:?}", time.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    harness.recover(Fault::Frozen).await;
    harness.becomes_ready().await;
    let connections = harness.connections().await;
    assert!(connections < CONNECTIONS, "{connections}");
    // The clients' connections stay open, with a task on each side.
    let allowed = before + 3 * CROWD;
    until("as few tasks as before", async || tasks() < allowed).await;
}
