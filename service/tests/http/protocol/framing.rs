//! The framing of bodies: anything ambiguous is refused.

use service::configuration::Configuration;

use super::super::app::TestApp;
use super::super::wait::TIMEOUT;
use super::Then::{self, Ends, GoesOn};
use super::check;

const HEAD: &str = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
/// What an attacker wants to be taken for a request.
const SMUGGLED: &str = "GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: smuggled\r\n\r\n";

async fn check_body(app: &TestApp, headers: &str, body: &str, status: u16, then: Then) {
    let answer = check(app, format!("{HEAD}{headers}\r\n{body}"), status, then).await;
    assert_ne!(answer.header("x-request-id"), "smuggled");
}

#[tokio::test]
async fn a_body_with_ambiguous_length_is_refused() {
    let app = TestApp::start().await;
    for (headers, status) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 2\r\nContent-Length: 40\r\n", 400),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", 400),
        ("Content-Length: 2, 2\r\n", 400),
        ("Content-Length: +5\r\n", 400),
        ("Content-Length: -5\r\n", 400),
        ("Content-Length: 0x5\r\n", 400),
        ("Content-Length: 5 5\r\n", 400),
        ("Content-Length:\r\n", 400),
        ("Content-Length: 99999999999999999999\r\n", 400),
        ("Content-Length: 18446744073709551615\r\n", 400),
        ("Content-Length : 5\r\n", 400),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding:\u{b}chunked\r\n", 400),
        ("Transfer-Encoding: identity\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n", 400),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            400,
        ),
        ("Transfer-Encoding: xchunked\r\n", 400),
        ("Transfer-Encoding: gzip\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
    ] {
        for body in ["0\r\n\r\n", "{}", SMUGGLED] {
            check_body(&app, headers, body, status, Ends).await;
        }
    }
    let old = HEAD.replace("1.1", "1.0");
    check(
        &app,
        format!("{old}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        400,
        Ends,
    )
    .await;
}

#[tokio::test]
async fn only_well_formed_chunks_are_accepted() {
    let mut configuration = Configuration::default();
    // Too large to wait for, so that only immediate detection passes.
    configuration.http.body_timeout = 2 * TIMEOUT;
    let app = TestApp::start_with(configuration).await;
    let extension = format!("7;{}\r\n{{\"a\":1}}\r\n0\r\n\r\n", "x".repeat(1024 * 1024));
    let trailers = format!("7\r\n{{\"a\":1}}\r\n0\r\nX: {}\r\n\r\n", "x".repeat(1024 * 1024));
    for (body, status, then) in [
        ("7\r\n{\"a\":1}\r\n0\r\n\r\n", 201, GoesOn),
        (
            "3;x=\"y\"\r\n{\"a\r\n004\r\n\":1}\r\n00\r\nX: y\r\n\r\n",
            201,
            GoesOn,
        ),
        ("0\r\n\r\n", 400, GoesOn),
        ("-7\r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("+7\r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("0x7\r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("g\r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("7 \r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("7\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("7\r\n{\"a\":1}\n0\r\n\r\n", 400, Ends),
        ("6\r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("7;\n\r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        ("7\r\n{\"a\":1}\r\n0\r\n\n", 400, Ends),
        ("ffffffffffffffff7\r\n{\"a\":1}\r\n0\r\n\r\n", 400, Ends),
        (&extension, 400, Ends),
        (&trailers, 400, Ends),
    ] {
        check_body(&app, "Transfer-Encoding: chunked\r\n", body, status, then).await;
    }
    assert_eq!(app.client.get("/data").await.body, r#"[{"a":1},{"a":1}]"#);
}

#[tokio::test]
async fn an_unread_body_closes_the_connection() {
    let app = TestApp::start().await;
    let length = SMUGGLED.len();
    for (line, status) in [
        ("GET /livez HTTP/1.1", 200),
        ("POST /livez HTTP/1.1", 405),
        ("POST /nope HTTP/1.1", 404),
        ("OPTIONS /data HTTP/1.1", 204),
        ("POST /data HTTP/1.1", 415),
    ] {
        for (framing, body) in [
            (format!("Content-Length: {length}"), SMUGGLED.to_owned()),
            (
                "Transfer-Encoding: chunked".to_owned(),
                format!("{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"),
            ),
        ] {
            let input = format!("{line}\r\nHost: a\r\n{framing}\r\n\r\n{body}");
            let answer = check(&app, input, status, Ends).await;
            assert_ne!(answer.header("x-request-id"), "smuggled");
        }
    }
    // Refused after it was read completely, so the next request follows.
    check_body(&app, "Content-Length: 4\r\n", "null", 422, GoesOn).await;
}

#[tokio::test]
async fn a_refused_body_does_not_make_the_client_lose_the_answer() {
    let app = TestApp::start().await;
    let large = "x".repeat(8 * 1024 * 1024);
    for (headers, status) in [
        (format!("{HEAD}Content-Length: {}\r\n", large.len()), 413),
        (
            format!("{HEAD}Content-Length: {}\r\n", large.len()).replace("json", "xml"),
            415,
        ),
        (
            format!("GET / HTTP/9.9\r\nContent-Length: {}\r\n", large.len()),
            505,
        ),
    ] {
        check(&app, format!("{headers}\r\n{large}"), status, Ends).await;
    }
}
