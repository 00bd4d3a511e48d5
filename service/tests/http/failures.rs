//! What clients see while MongoDB is frozen, down, recovering, or rejects the service.

mod durability;
mod harness;
mod matrix;
mod overload;
mod rotation;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sandbox::Sandbox;

use super::app::TestApp;
use super::mongo::{self, with};
use super::proxy::{CuttingProxy, address_of, with_address};
use super::wait::until;

/// A call may take two seconds; the rest is for slow machines.
const BOUND: Duration = Duration::from_secs(4);

fn send_signal(mongodb: &Sandbox, signal: Signal) {
    let pid = i32::try_from(mongodb.mongodb_pid()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn every_answer_is_bounded_while_mongodb_is_frozen() {
    let mongodb = mongo::own().await;
    let app = TestApp::start_on(&mongodb.mongodb_uri()).await;
    assert_eq!(app.client.post(r#"{"a":1}"#).await.status, 201);
    send_signal(&mongodb, Signal::STOP);
    // Sent alone, to use the existing connection instead of queueing for a new one.
    let (mut time, mut insert) = (Instant::now(), app.client.post(r#"{"a":2}"#).await);
    while insert.status == 201 {
        // The signal may not have reached every thread of MongoDB yet.
        (time, insert) = (Instant::now(), app.client.post(r#"{"a":2}"#).await);
    }
    assert!(time.elapsed() < BOUND, "{:?}", time.elapsed());
    insert.problem(500);
    assert_eq!(insert.json()["type"], "urn:problem-type:outcome-unknown");
    assert_eq!(insert.header("retry-after"), "", "a retry may store it twice");
    let time = Instant::now();
    let (health, ready, list, live) = tokio::join!(
        app.client.get("/health"),
        app.client.get("/readyz"),
        app.client.get("/data"),
        app.client.get("/livez"),
    );
    assert!(time.elapsed() < BOUND, "{:?}", time.elapsed());
    for answer in [&health, &ready, &list] {
        // Depends on whether the driver has noticed already.
        let words = [
            "MongoDB did not answer in time",
            "cannot reach MongoDB: no answer",
        ];
        assert!(words.contains(&answer.problem(503).as_str()), "{}", answer.body);
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert_eq!(live.status, 200);
    send_signal(&mongodb, Signal::CONT);
    until("healthy again", async || {
        app.client.get("/health").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn a_killed_mongodb_is_unavailable_until_it_is_back() {
    let mongodb = mongo::own().await;
    let app = TestApp::start_on(&mongodb.mongodb_uri()).await;
    assert_eq!(app.client.post(r#"{"a":1}"#).await.status, 201);
    let mongodb = with(mongodb, |mongodb| mongodb.kill_mongodb().unwrap()).await;
    // Open connections are closed at once; new ones are refused.
    let refused = "cannot reach MongoDB: connection refused";
    until("unhealthy", async || {
        let answer = app.client.get("/health").await;
        answer.status == 503 && answer.problem(503) == refused
    })
    .await;
    let time = Instant::now();
    let insert = app.client.post(r#"{"a":2}"#).await;
    assert_eq!(insert.problem(503), refused);
    assert_eq!(insert.header("retry-after"), "5", "nothing was stored");
    assert!(time.elapsed() < BOUND * 2, "{:?}", time.elapsed());
    until("not ready", async || {
        app.client.get("/readyz").await.status == 503
    })
    .await;
    assert_eq!(app.client.get("/livez").await.status, 200);
    let _mongodb = with(mongodb, |mongodb| mongodb.restart_mongodb().unwrap()).await;
    until("healthy again", async || {
        app.client.get("/health").await.status == 200
    })
    .await;
    until("ready again", async || {
        app.client.get("/readyz").await.status == 200
    })
    .await;
    assert_eq!(app.client.get("/data").await.body, r#"[{"a":1}]"#);
}

#[tokio::test]
async fn a_service_that_starts_before_mongodb_listens_and_recovers() {
    let mongodb = mongo::own().await;
    let uri = mongodb.mongodb_uri();
    let mongodb = with(mongodb, |mongodb| mongodb.stop_mongodb().unwrap()).await;
    let app = TestApp::start_on(&uri).await;
    app.client.get("/readyz").await.problem(503);
    app.client.get("/data").await.problem(503);
    let _mongodb = with(mongodb, |mongodb| mongodb.restart_mongodb().unwrap()).await;
    let time = Instant::now();
    until("ready", async || app.client.get("/readyz").await.status == 200).await;
    assert!(time.elapsed() < Duration::from_secs(5), "{:?}", time.elapsed());
}

#[tokio::test]
async fn an_insert_that_is_cut_off_has_an_unknown_outcome_and_is_not_sent_twice() {
    let mongodb = mongo::own().await;
    let uri = mongodb.mongodb_uri();
    let proxy = CuttingProxy::start(address_of(&uri)).await;
    let app = TestApp::start_on(&with_address(&uri, proxy.address)).await;
    let insert = app.client.post(r#"{"a":1}"#).await;
    let detail = insert.problem(500);
    assert!(
        detail.starts_with("MongoDB did not confirm the insert in time"),
        "{detail}"
    );
    assert_eq!(insert.json()["type"], "urn:problem-type:outcome-unknown");
    assert_eq!(proxy.cuts.load(Ordering::Relaxed), 1);
    let insert = proxy.insert.lock().unwrap().clone();
    let concern = insert.get_document("writeConcern").unwrap();
    assert_eq!(concern.get_str("w").unwrap(), "majority");
    assert!(concern.get_bool("j").unwrap());
    // Stored nevertheless, which is why a client must check before it retries.
    let listed = async || app.client.get("/data").await.body == r#"[{"a":1}]"#;
    until("the unconfirmed document", listed).await;
}

#[tokio::test]
async fn a_wrong_password_is_told_from_an_unreachable_mongodb() {
    let uri = mongo::shared_uri().await;
    let (_, host) = uri.rsplit_once('@').unwrap();
    let app = TestApp::start_on(&format!("mongodb://nobody:wrong@{host}")).await;
    assert_eq!(
        app.client.get("/health").await.problem(503),
        "MongoDB rejected the service's credentials"
    );
    assert_eq!(
        app.client.post("{}").await.problem(503),
        "MongoDB rejected the service's credentials"
    );
    let (host, _) = host.split_once('/').unwrap_or((host, ""));
    let app = TestApp::start_on(&format!("mongodb://{host}/")).await;
    assert_eq!(
        app.client.get("/data").await.problem(503),
        "MongoDB denied the service this operation"
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_from_a_refused_connection() {
    let app = TestApp::start_on("mongodb://mongodb.invalid/").await;
    let detail = app.client.get("/health").await.problem(503);
    assert_eq!(detail, "cannot reach MongoDB: cannot resolve the host name");
}

#[tokio::test]
async fn a_list_that_breaks_off_does_not_look_complete() {
    let mongodb = mongo::own().await;
    let app = TestApp::start_on(&mongodb.mongodb_uri()).await;
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(1_000_000));
    for _ in 0..60 {
        assert_eq!(app.client.post(large.clone()).await.status, 201);
    }
    let mut wire = app.wire().await;
    wire.write("GET /data HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let start = wire.read_until("\r\n\r\n").await;
    assert!(start.starts_with("HTTP/1.1 200 "), "{start}");
    let _mongodb = with(mongodb, |mongodb| mongodb.kill_mongodb().unwrap()).await;
    let rest = wire.read_to_end().await;
    assert!(rest.len() < 59_000_000, "it was complete: {} bytes", rest.len());
    assert!(!rest.ends_with("0\r\n\r\n"), "an aborted body has no final chunk");
}
