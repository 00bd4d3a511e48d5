//! Request bodies: media type, size and time.

use salvo::http::Method;
use service::configuration::Configuration;

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
        let expected = "the body must be `Content-Type: application/json` in UTF-8";
        assert_eq!(answer.problem(415), expected);
    }
    answer.status
}

#[tokio::test]
async fn only_json_in_utf8_is_accepted() {
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
async fn a_body_up_to_the_limit_is_accepted_and_a_larger_one_refused() {
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

#[tokio::test]
async fn large_bodies_beyond_the_memory_budget_are_refused_and_small_ones_accepted() {
    let mut configuration = Configuration::default();
    configuration.http.bodies_bytes = 400_000;
    let app = TestApp::start_with(configuration).await;
    let mut slow = app.wire().await;
    let head = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n";
    slow.write(&format!("{head}Content-Length: 60000\r\n\r\n")).await;
    slow.read_until("100 Continue").await;
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(59_992));
    let refused = app.client.post(large.clone()).await;
    assert_eq!(refused.problem(503), "too many large bodies in progress");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(app.client.post("{}").await.status, 201);
    slow.write(&large).await;
    assert!(slow.read_until("}").await.contains("HTTP/1.1 201 "));
    assert_eq!(app.client.post(large).await.status, 201);
}
