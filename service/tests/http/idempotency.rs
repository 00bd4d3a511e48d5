//! `Idempotency-Key`: a repeated document is stored once.

use futures::future::join_all;
use salvo::http::Method;

use super::app::TestApp;
use super::client::{Answer, HttpClient};
use super::mongo;
use super::proxy::CuttingProxy;

pub(crate) async fn post(client: &HttpClient, key: &str, body: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    client.send(Method::POST, "/data", &headers, body).await
}

#[tokio::test]
async fn a_second_attempt_is_answered_like_the_first_and_stores_nothing() {
    let app = TestApp::start().await;
    // `printf abc | sha256sum`
    let expected = r#"{"status":"Data inserted","id":"ba7816bf8f01cfea414140de"}"#;
    for body in [
        r#"{"a":1,"b":[-0.0]}"#,
        r#"{ "a": 1, "b": [-0.0] }"#,
        r#"{"\u0061":1,"b":[-0.0]}"#,
    ] {
        let answer = post(&app.client, "abc", body).await;
        assert_eq!((answer.status, answer.body.as_str()), (201, expected));
    }
    assert_eq!(post(&app.client, "abcd", r#"{"a":1}"#).await.status, 201);
    assert_eq!(
        app.client.get("/data").await.body,
        r#"[{"a":1,"b":[-0.0]},{"a":1}]"#
    );
}

#[tokio::test]
async fn a_key_cannot_be_reused_for_another_document() {
    let app = TestApp::start().await;
    assert_eq!(post(&app.client, "abc", r#"{"a":1}"#).await.status, 201);
    for body in [r#"{"a":2}"#, r#"{"a":1.0}"#, r#"{"a":1,"b":1}"#, "{}"] {
        let answer = post(&app.client, "abc", body).await;
        let detail =
            "this `Idempotency-Key` was used for a different document; use a new key for each document";
        assert_eq!(answer.problem(422), detail);
        assert_eq!(answer.json()["type"], "urn:problem-type:idempotency-key-reused");
    }
    assert_eq!(app.client.get("/data").await.body, r#"[{"a":1}]"#);
}

#[tokio::test]
async fn a_key_and_an_id_cannot_be_combined() {
    let app = TestApp::start().await;
    let answer = post(&app.client, "abc", r#"{"a":1,"_id":"x"}"#).await;
    let detail = "`_id` and `Idempotency-Key` cannot be combined; send only one of them";
    assert_eq!(answer.problem(422), format!("{detail} (line 1 column 14)"));
    assert_eq!(answer.json()["pointer"], "/_id");
    assert_eq!(app.client.get("/data").await.body, "[]");
}

#[tokio::test]
async fn an_invalid_key_is_refused() {
    let app = TestApp::start().await;
    let form = "`Idempotency-Key` must be 1 to 255 printable ASCII characters";
    for (key, detail) in [
        ("Idempotency-Key:\r\n", form),
        ("Idempotency-Key: \u{e9}\r\n", form),
        ("Idempotency-Key: a\tb\r\n", form),
        (&format!("Idempotency-Key: {}\r\n", "a".repeat(256)), form),
        (
            "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
            "`Idempotency-Key` was sent more than once",
        ),
    ] {
        let mut wire = app.wire().await;
        let head =
            "POST /data HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n";
        wire.write(&format!("{head}{key}Content-Length: 2\r\n\r\n{{}}"))
            .await;
        let answer = wire.read_to_end().await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains(detail),
            "{key}: {answer}"
        );
    }
    assert_eq!(app.client.get("/data").await.body, "[]");
    assert_eq!(post(&app.client, &"~ ".repeat(127), "{}").await.status, 201);
}

#[tokio::test]
async fn concurrent_attempts_store_one_document_and_get_the_same_answer() {
    let app = TestApp::start().await;
    for key in ["one", "two", "three"] {
        let body = format!(r#"{{"key":"{key}"}}"#);
        let answers = join_all((0..16).map(|_| post(&app.client, key, &body))).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &answers[0].body));
        }
    }
    let expected = r#"[{"key":"one"},{"key":"two"},{"key":"three"}]"#;
    assert_eq!(app.client.get("/data").await.body, expected);
}

#[tokio::test]
async fn a_second_attempt_settles_an_unknown_outcome() {
    let mongodb = mongo::own().await;
    let uri = mongodb.mongodb_uri();
    let (user, host) = uri.rsplit_once('@').unwrap();
    let (host, options) = host.split_once('/').unwrap();
    let proxy = CuttingProxy::start(host.parse().unwrap()).await;
    let cut = TestApp::start_on(&format!("{user}@{}/{options}", proxy.address)).await;
    let first = post(&cut.client, "abc", r#"{"a":1}"#).await;
    let detail = "MongoDB did not confirm the insert in time; retry with the same `Idempotency-Key`";
    assert_eq!(first.problem(503), detail);
    assert_eq!(first.json()["type"], "urn:problem-type:outcome-unknown");
    assert_eq!(first.header("retry-after"), "5", "a retry is safe");
    let app = TestApp::start_on(&uri).await;
    for _ in 0..2 {
        let answer = post(&app.client, "abc", r#"{"a":1}"#).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    assert_eq!(app.client.get("/data").await.body, r#"[{"a":1}]"#);
}
