//! Acknowledged documents survive repeated failures of MongoDB, and refused ones are never stored.

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
/// More than a writer reaches in a round.
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
                // Refusals are immediate, and thousands of them prove no more.
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

/// Long enough for the driver to give up its calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_stores_nothing_that_was_refused() {
    check(Fault::Frozen, 3, Duration::from_secs(5)).await;
}

/// Delayed messages arrive in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovered_link_stores_nothing_that_was_refused() {
    check(Fault::Blackholed, 3, Duration::from_secs(5)).await;
}

/// The key may belong to an unconfirmed first attempt; the second attempt must make it durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_attempt_with_a_key_is_durable() {
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

/// The driver gives these up with the same error as calls that never got a connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insert_that_the_driver_gives_up_counts_as_unknown() {
    let impatient = "?connectTimeoutMS=300&heartbeatFrequencyMS=500";
    let mut harness = Harness::start_with(Configuration::default(), impatient).await;
    // One connection for each insert.
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
