//! What may be posted to `/data`, and what is refused with which words.

use std::sync::OnceLock;

use proptest::prelude::*;
use salvo::http::Method;
use serde_json::Value;

use super::app::{TestApp, impatient};

async fn post_as(app: &TestApp, content_types: &[&str]) -> u16 {
    let headers: Vec<_> = content_types
        .iter()
        .map(|value| ("content-type", *value))
        .collect();
    let answer = app
        .client
        .send(Method::POST, "/data", &headers, r#"{"a":1}"#)
        .await;
    if answer.status != 201 {
        let expected = "the body must be sent as `Content-Type: application/json`, in UTF-8";
        assert_eq!(answer.problem(415), expected);
    }
    answer.status
}

#[tokio::test]
async fn only_json_in_utf8_is_taken() {
    let app = TestApp::start().await;
    for good in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "application/vnd.api+json",
    ] {
        assert_eq!(post_as(&app, &[good]).await, 201, "{good}");
    }
    for bad in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonx",
        "json",
        "",
    ] {
        assert_eq!(post_as(&app, &[bad]).await, 415, "{bad}");
    }
    assert_eq!(post_as(&app, &[]).await, 415);
    assert_eq!(
        post_as(&app, &["application/json", "application/json"]).await,
        415
    );
    assert_eq!(app.client.get("/data").await.json().as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_body_that_is_no_storable_object_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let check = async |body: &str, detail: &str, pointer: Value| {
        let answer = app.client.post(body).await;
        assert_eq!(answer.problem(400), detail);
        assert_eq!(answer.json()["pointer"], pointer, "{body}");
        assert_eq!(answer.json()["type"], "urn:problem-type:document-refused");
        answer.json()
    };
    check("", "the body is empty, a JSON object is expected", Value::Null).await;
    check("[]", "a JSON object is expected, this is an array", Value::Null).await;
    check("null", "a JSON object is expected, this is null", Value::Null).await;
    check(
        r#"{"a":1,"a":2}"#,
        "the key `a` stands twice in one object",
        "/a".into(),
    )
    .await;
    check(
        r#"{"a":[12345678901234567890]}"#,
        "the integer `12345678901234567890` does not fit 64 bits and would be rounded",
        "/a/0".into(),
    )
    .await;
    let malformed = check(
        "{\n\"a\" 1}",
        "the body cannot be read as JSON: expected `:` at line 2 column 5",
        "/a".into(),
    )
    .await;
    assert_eq!((&malformed["line"], &malformed["column"]), (&2.into(), &5.into()));
    assert_eq!(app.client.get("/data").await.body, "[]");
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_taken_and_a_larger_one_is_not() {
    let app = TestApp::start().await;
    let sized = |size: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(size - 8));
    assert_eq!(app.client.post(sized(1024 * 1024)).await.status, 201);
    let refused = app.client.post(sized(1024 * 1024 + 1)).await;
    assert_eq!(refused.problem(413), "the body is larger than 1048576 bytes");
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_before_the_body() {
    let app = TestApp::start().await;
    let mut wire = app.wire().await;
    let head = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    wire.write(&format!("{head}Content-Length: 17825792\r\n\r\n"))
        .await;
    assert!(wire.read_until("}").await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_chunked_body_beyond_the_limit_is_refused() {
    let app = TestApp::start().await;
    let mut wire = app.wire().await;
    let head = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    wire.write(&format!("{head}Transfer-Encoding: chunked\r\n\r\n"))
        .await;
    wire.write(&format!("100001\r\n{}\r\n", " ".repeat(0x0010_0001)))
        .await;
    assert!(wire.read_until("}").await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_answered_408() {
    let app = TestApp::start_with(impatient()).await;
    let head = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for framing in [
        "Content-Length: 100\r\n\r\n{\"a\"",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ] {
        let mut wire = app.wire().await;
        wire.write(&format!("{head}{framing}")).await;
        let answer = wire.read_until("}").await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    assert_eq!(app.client.get("/data").await.body, "[]");
}

#[test]
fn any_object_that_is_posted_comes_back_equal() {
    static APP: OnceLock<TestApp> = OnceLock::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { APP.set(TestApp::start().await).ok().unwrap() });
    let client = &APP.get().unwrap().client;
    let configuration = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(100)
    };
    proptest!(configuration, |(fields in prop::collection::btree_map("[a-z.$ é]{0,4}", any_value(), 0..6))| {
        let document = Value::Object(fields.into_iter().collect()).to_string();
        let (status, listed) = runtime.block_on(async {
            (client.post(document.clone()).await.status, client.get("/data").await.body)
        });
        prop_assert_eq!(status, 201);
        let expected = format!("{document}]");
        prop_assert!(listed.ends_with(&expected), "{} in {}", document, listed);
    });
}

/// Any JSON value that fits into MongoDB; `_id` is no field of it.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        Just(serde_json::json!({ "$oid": "zz" })),
        Just(serde_json::json!({ "$numberLong": "1" })),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z.$]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
