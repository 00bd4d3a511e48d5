//! What was acknowledged is on the disk, what was refused is not: MongoDB fails again and again while documents are stored.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bson::doc;
use bson::oid::ObjectId;
use futures::future::join_all;
use service::configuration::Configuration;
use sha2::{Digest as _, Sha256};

use super::super::idempotency::post;
use super::super::wait::until;
use super::harness::{Fault, Harness, Outcomes};

const WRITERS: usize = 8;
/// More than any writer reaches in a round.
const NUMBERS: usize = 100_000;

async fn check(fault: Fault, rounds: usize, time: Duration) {
    let mut harness = Harness::start().await;
    let mut outcomes = Outcomes::new();
    for round in 0..rounds {
        let failed = AtomicBool::new(false);
        let acknowledged = AtomicUsize::new(0);
        let client = harness.app.client.clone();
        let write = async |writer: usize| {
            let mut written = Outcomes::new();
            let mut number = (round * WRITERS + writer) * NUMBERS;
            while !failed.load(Ordering::Acquire) {
                let answer = client.post(format!(r#"{{"n":{number}}}"#)).await;
                if answer.status == 201 {
                    acknowledged.fetch_add(1, Ordering::AcqRel);
                }
                written.insert(number, answer.status);
                number += 1;
                // Refusals come at once, and thousands of them prove no more.
                if answer.status == 503 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            written
        };
        let fail = async {
            until("some documents", async || {
                acknowledged.load(Ordering::Acquire) >= 50
            })
            .await;
            harness.inject(fault).await;
            tokio::time::sleep(time).await;
            failed.store(true, Ordering::Release);
        };
        let (written, ()) = tokio::join!(join_all((0..WRITERS).map(write)), fail);
        outcomes.extend(written.into_iter().flatten());
        harness.recover(fault).await;
        harness.becomes_ready().await;
    }
    let acknowledged = outcomes.values().filter(|status| **status == 201).count();
    assert!(acknowledged >= rounds * 50, "{acknowledged}");
    harness.check_documents(&outcomes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_no_acknowledged_document_and_stores_none_twice() {
    check(Fault::Killed, 10, Duration::from_millis(200)).await;
}

/// Long enough for the driver to give up what is under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_stores_nothing_that_was_refused() {
    check(Fault::Frozen, 3, Duration::from_secs(5)).await;
}

/// What was on the way arrives in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_comes_back_stores_nothing_that_was_refused() {
    check(Fault::Blackholed, 3, Duration::from_secs(5)).await;
}

/// The document may be that of a first attempt which nobody has confirmed; without the second one it would be lost here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_try_with_a_key_is_on_the_disk() {
    let mut harness = Harness::start().await;
    for round in 0..5 {
        let key = format!("round {round}");
        let mut id = [0; 12];
        id.copy_from_slice(&Sha256::digest(&key)[..12]);
        harness
            .store_carelessly(doc! { "_id": ObjectId::from_bytes(id), "round": &key })
            .await;
        let answer = post(&harness.app.client, &key, &format!(r#"{{"round":"{key}"}}"#)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        harness.inject(Fault::Killed).await;
        harness.recover(Fault::Killed).await;
        harness.becomes_ready().await;
        let listed = harness.app.client.get("/data").await;
        assert_eq!(
            listed.json().as_array().unwrap().len(),
            round + 1,
            "{}",
            listed.body
        );
    }
}

/// The driver gives these up by itself, and then says the same as of calls that never got a connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insert_that_the_driver_gives_up_counts_as_unknown() {
    let impatient = "?connectTimeoutMS=300&heartbeatFrequencyMS=500";
    let mut harness = Harness::start_with(Configuration::default(), impatient).await;
    // So that there are as many connections as there will be inserts.
    harness.at_once(1000..1010).await;
    harness.inject(Fault::Frozen).await;
    let insert = async |number: u32| {
        tokio::time::sleep(Duration::from_millis(150) * number).await;
        let answer = harness.app.client.post(format!(r#"{{"n":{number}}}"#)).await;
        (number as usize, answer.status)
    };
    let outcomes: Outcomes = join_all((0..9).map(insert)).await.into_iter().collect();
    harness.recover(Fault::Frozen).await;
    harness.becomes_ready().await;
    harness.check_documents(&outcomes).await;
}
