//! Every accepted document comes back equal.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use proptest::prelude::*;
use serde_json::Value;

use super::app::TestApp;
use super::client::HttpClient;

/// Posted concurrently, which takes MongoDB no longer than one.
const DOCUMENTS_PER_CASE: usize = 100;

/// 10,000 documents in all.
const CASES: u32 = 100;

#[test]
fn any_object_that_is_posted_comes_back_equal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    let posted = AtomicUsize::new(0);
    let configuration = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(CASES)
    };
    let documents = prop::collection::vec(any_document(), DOCUMENTS_PER_CASE);
    proptest!(configuration, |(documents in documents)| {
        let first = posted.fetch_add(documents.len(), Ordering::Relaxed);
        let (statuses, listed) = runtime.block_on(post_and_list(&app.client, first, &documents));
        prop_assert!(statuses.iter().all(|status| *status == 201), "{:?}", statuses);
        let listed: Vec<&str> = listed.lines().collect();
        prop_assert_eq!(listed, documents.iter().map(String::as_str).collect::<Vec<_>>());
    });
    assert!(posted.into_inner() >= 10_000);
}

/// Numbers each document by its `_id`, which lists do not show, and reads the last ones in order.
async fn post_and_list(client: &HttpClient, first: usize, documents: &[String]) -> (Vec<u16>, String) {
    let numbered = documents.iter().enumerate().map(|(number, document)| {
        let separator = if document == "{}" { "" } else { "," };
        format!(r#"{{"_id":{}{separator}{}"#, first + number, &document[1..])
    });
    // Limits the number of connections.
    let mut statuses = Vec::new();
    let numbered: Vec<String> = numbered.collect();
    for some in numbered.chunks(16) {
        let answers = join_all(some.iter().map(|document| client.post(document.as_str()))).await;
        statuses.extend(answers.iter().map(|answer| answer.status));
    }
    let mut path = "/data?limit=1000".to_owned();
    let mut lines = Vec::new();
    loop {
        let accept = [("accept", "application/x-ndjson")];
        let page = client.send(salvo::http::Method::GET, &path, &accept, "").await;
        lines.extend(page.body.lines().map(str::to_owned));
        match super::paging::next(&page) {
            Some(next) => path = next,
            None => break,
        }
    }
    let last = lines.split_off(lines.len().saturating_sub(documents.len()));
    (statuses, last.join("\n"))
}

/// Any JSON object that fits in MongoDB, as text in the form of `GET /data`.
fn any_document() -> impl Strategy<Value = String> {
    let key = prop_oneof!["[a-z.$ é]{0,4}", Just("__proto__".to_owned()), "[^\u{0}]{0,3}"];
    prop::collection::btree_map(key, any_value(), 0..6)
        .prop_map(|fields| fields.into_iter().filter(|(key, _)| key != "_id").collect())
        .prop_map(|fields| Value::Object(fields).to_string())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<i8>().prop_map(Into::into),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        Just(serde_json::json!({ "$oid": "zz" })),
        Just(serde_json::json!({ "$numberLong": "1" })),
        Just(serde_json::json!({ "$date": { "$numberLong": "0" } })),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z.$]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
