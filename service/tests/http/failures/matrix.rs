//! Every fault of MongoDB, alone and under load, from onset to recovery.

use std::time::Instant;

use super::harness::{ANSWER_DEADLINE, Fault, Harness};

/// Concurrent documents, with as many lists: twice the documented number.
const CROWD: usize = 200;

async fn check(fault: Fault, words: &[&str]) {
    let mut harness = Harness::start().await;
    let mut outcomes = harness.at_once(0..1).await;
    assert_eq!(outcomes[&0], 201);

    harness.inject(fault).await;
    harness.becomes_unready().await;
    let time = Instant::now();
    let get = async |path| harness.app.client.get(path).await;
    assert_eq!(get("/livez").await.status, 200);
    for answer in [
        get("/readyz").await,
        get("/health").await,
        get("/data").await,
        harness.app.client.post(r#"{"n":1}"#).await,
    ] {
        let detail = answer.problem(503);
        assert!(words.contains(&detail.as_str()), "{detail}");
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert!(time.elapsed() < ANSWER_DEADLINE, "{:?}", time.elapsed());
    let crowd = harness.at_once(CROWD..2 * CROWD).await;
    assert!(crowd.values().all(|status| *status == 503), "{crowd:?}");
    outcomes.extend(crowd);

    harness.recover(fault).await;
    harness.becomes_ready().await;
    let again = 2 * CROWD;
    outcomes.extend(harness.at_once(again..=again).await);
    assert_eq!(outcomes[&again], 201);

    // This time the requests arrive before the fault is detected.
    harness.inject(fault).await;
    let (crowd, alive) = tokio::join!(harness.at_once(3 * CROWD..4 * CROWD), get_livez(&harness));
    assert_eq!(alive, 200);
    outcomes.extend(crowd);
    harness.recover(fault).await;
    harness.becomes_ready().await;
    harness.check_documents(&outcomes).await;
}

async fn get_livez(harness: &Harness) -> u16 {
    harness.app.client.get("/livez").await.status
}

const SILENT: [&str; 2] = [
    "MongoDB did not answer in time",
    "cannot reach MongoDB: no answer",
];
const REFUSED: [&str; 4] = [
    "cannot reach MongoDB: connection refused",
    "cannot reach MongoDB: connection reset",
    "MongoDB did not answer in time",
    "cannot reach MongoDB: no answer",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_mongodb() {
    check(Fault::Frozen, &SILENT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_mongodb() {
    check(Fault::Killed, &REFUSED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_mongodb() {
    check(Fault::Stopped, &REFUSED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_user() {
    check(
        Fault::UserDropped,
        &[
            "MongoDB denied the service this operation",
            "MongoDB rejected the service's credentials",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_role() {
    check(Fault::RoleRevoked, &["MongoDB denied the service this operation"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_writes() {
    check(Fault::WritesLocked, &SILENT[..1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk() {
    check(Fault::DiskReadOnly, &REFUSED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_link() {
    check(Fault::Delayed, &SILENT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trickling_link() {
    check(Fault::Trickling, &SILENT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blackholed_link() {
    check(Fault::Blackholed, &SILENT).await;
}
