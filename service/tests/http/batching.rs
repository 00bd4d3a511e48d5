//! Documents that arrive while MongoDB is busy share commands, but each has its own answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use futures::TryStreamExt as _;
use futures::future::join_all;
use mongodb::Client;
use sandbox::Sandbox;
use service::configuration::Configuration;

use super::app::TestApp;
use super::mongo;
use super::proxy::{Link, Proxy, address_of, with_address};
use super::wait::until;

/// Concurrent documents; MongoDB is 50 ms away.
const CROWD: usize = 120;

/// How long an unanswered call continues.
const ABANDONED_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts the service behind a proxy to its MongoDB, and waits until it is connected.
async fn start(mongodb: &Sandbox, configuration: Configuration) -> (TestApp, Proxy) {
    let uri = mongodb.mongodb_uri();
    let proxy = Proxy::start(address_of(&uri)).await;
    let app = TestApp::start_with_uri(&with_address(&uri, proxy.address), configuration).await;
    assert_eq!(app.client.get("/health").await.status, 200);
    (app, proxy)
}

async fn insert_commands(root: &Client) -> i64 {
    let command = doc! { "serverStatus": 1, "metrics": { "commands": { "insert": true } } };
    let status = root.database("admin").run_command(command).await.unwrap();
    let metrics = status.get_document("metrics").unwrap();
    let insert = metrics.get_document("commands").unwrap().get_document("insert");
    insert.unwrap().get_i64("total").unwrap()
}

/// The body to send, and the statuses that it may get.
fn request(number: usize) -> (String, &'static [u16]) {
    match number % 4 {
        0 => (r#"{"_id":"taken"}"#.to_owned(), &[409]),
        1 => (format!(r#"{{"unwanted":{number}}}"#), &[422]),
        // Each `_id` is sent twice.
        2 => (format!(r#"{{"_id":"twin {}"}}"#, number / 8), &[201, 409]),
        _ => (format!(r#"{{"_id":"number {number}"}}"#), &[201]),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_document_of_a_command_has_its_own_answer() {
    let mongodb = mongo::own().await;
    let root = Client::with_uri_str(mongodb.mongodb_root_uri()).await.unwrap();
    let database = root.database("flask_db");
    let wanted = doc! { "unwanted": { "$exists": false } };
    database
        .create_collection("data")
        .validator(wanted)
        .await
        .unwrap();
    let collection = database.collection::<Document>("data");
    collection
        .insert_one(doc! { "_id": "taken", "by": "somebody else" })
        .await
        .unwrap();

    let (app, proxy) = start(&mongodb, Configuration::default()).await;
    proxy.link.send_replace(Link::Delayed(Duration::from_millis(50)));
    let before = insert_commands(&root).await;
    let answers = join_all((0..CROWD).map(async |number| {
        let (body, statuses) = request(number);
        let answer = app.client.post(&body).await;
        assert!(
            statuses.contains(&answer.status),
            "{body}: {} {}",
            answer.status,
            answer.body
        );
        if answer.status == 422 {
            assert_eq!(answer.json()["type"], "urn:problem-type:document-refused");
        }
        (answer.status == 201).then(|| answer.json()["id"].as_str().unwrap().to_owned())
    }))
    .await;
    let commands = insert_commands(&root).await - before;
    assert!(commands < i64::try_from(CROWD / 2).unwrap(), "{commands}");

    let confirmed: Vec<String> = answers.into_iter().flatten().collect();
    // One of each pair of twins, and all documents without a conflict.
    assert_eq!(confirmed.len(), CROWD / 8 + CROWD / 4);
    let stored: Vec<Document> = collection
        .find(doc! {})
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let mut stored: BTreeSet<&str> = stored
        .iter()
        .map(|document| document.get_str("_id").unwrap())
        .collect();
    assert!(stored.remove("taken"));
    assert_eq!(stored, confirmed.iter().map(String::as_str).collect());
}

/// As with a firewall that drops connections silently.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inserts_on_lost_connections_do_not_block_others() {
    let mongodb = mongo::own().await;
    let (app, proxy) = start(&mongodb, Configuration::default()).await;
    proxy.link.send_replace(Link::Losing);
    // One after the other, to occupy every concurrent command.
    let lost = join_all((0..2).map(async |number| {
        tokio::time::sleep(Duration::from_millis(200) * number).await;
        let answer = app
            .client
            .post(format!(r#"{{"_id":{number},"is":"lost"}}"#))
            .await;
        assert_eq!(
            answer.json()["type"],
            "urn:problem-type:outcome-unknown",
            "{}",
            answer.body
        );
    }));
    let other = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        until("the lost inserts to be abandoned", async || {
            app.client.post(r#"{"is":"found"}"#).await.status == 201
        })
        .await;
        Instant::now()
    };
    let start = Instant::now();
    let (_, found) = tokio::join!(lost, other);
    assert!(found - start < ABANDONED_CALL_TIMEOUT, "{:?}", found - start);
}

#[tokio::test]
async fn without_a_queue_a_document_is_stored_as_long_as_a_call_is_free() {
    let mut configuration = Configuration::default();
    configuration.mongodb.limits.queue = 0;
    configuration.mongodb.limits.queue_timeout = Duration::ZERO;
    let mongodb = mongo::own().await;
    let (app, proxy) = start(&mongodb, configuration.clone()).await;
    assert_eq!(app.client.post("{}").await.status, 201);
    proxy.link.send_replace(Link::Delayed(Duration::from_millis(100)));
    let calls = usize::try_from(configuration.mongodb.limits.calls.get()).unwrap();
    let answers = join_all((0..2 * calls).map(|_| app.client.post("{}"))).await;
    let stored = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(
        stored >= calls && refused > 0 && stored + refused == answers.len(),
        "{stored} {refused}"
    );
}

/// A large document does not queue behind small ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_document_gets_its_own_command() {
    let mongodb = mongo::own().await;
    let (app, proxy) = start(&mongodb, Configuration::default()).await;
    // Both commands are busy, and small documents wait for them.
    proxy.link.send_replace(Link::Losing);
    let small = join_all((0..6).map(async |number| {
        tokio::time::sleep(Duration::from_millis(100) * number).await;
        app.client.post(r#"{"is":"lost"}"#).await.status
    }));
    let large = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
        app.client.post(text).await.status
    };
    let (small, large) = tokio::join!(small, large);
    assert_eq!(large, 201);
    assert_eq!(small.iter().filter(|status| **status == 201).count(), 0);
}
