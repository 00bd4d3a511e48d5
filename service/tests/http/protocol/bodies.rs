//! Bodies that are endless, slow or encoded, and expectations.

use std::time::Duration;

use super::super::app::{TestApp, impatient};
use super::super::wait::TIMEOUT;
use super::Then::{Ends, GoesOn};
use super::answers::split;
use super::check;

const HEAD: &str = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn an_endless_body_is_refused_as_soon_as_it_is_too_large() {
    let app = TestApp::start().await;
    let mut wire = app.wire().await;
    wire.write(&format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n"))
        .await;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let writing = async { while wire.write_bytes(chunk.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(TIMEOUT, writing)
        .await
        .expect("an end of reading in time");
    let answers = split(&wire.read_to_end().await, false);
    assert_eq!((answers.len(), answers[0].status), (1, 413));
    answers[0].assert_sound(false);
}

#[tokio::test]
async fn a_trickled_body_has_the_same_deadline() {
    let app = TestApp::start_with(impatient()).await;
    let mut wire = app.wire().await;
    wire.write(&format!("{HEAD}Content-Length: 1000000\r\n\r\n"))
        .await;
    let writing = async {
        while wire.write_bytes(b" ").await.is_ok() {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
                readable = wire.readable() => return readable.unwrap(),
            }
        }
    };
    tokio::time::timeout(TIMEOUT, writing)
        .await
        .expect("an answer, though bytes keep coming");
    let answers = split(&wire.read_to_end().await, false);
    assert_eq!((answers.len(), answers[0].status), (1, 408));
    assert_eq!(answers[0].header("connection"), "close");
}

#[tokio::test]
async fn an_encoded_body_is_refused_with_the_supported_encoding() {
    let app = TestApp::start().await;
    for (encoding, status, then) in [
        ("gzip", 415, Ends),
        ("br", 415, Ends),
        ("identity, gzip", 415, Ends),
        ("identity", 201, GoesOn),
    ] {
        let input = format!("{HEAD}Content-Encoding: {encoding}\r\nContent-Length: 2\r\n\r\n{{}}");
        let answer = check(&app, input, status, then).await;
        let taken = if status == 415 { "identity" } else { "" };
        assert_eq!(answer.header("accept-encoding"), taken);
    }
}

#[tokio::test]
async fn only_100_continue_is_supported() {
    let app = TestApp::start().await;
    for (expected, status, then) in [
        ("Expect: 100-continue\r\n", 201, GoesOn),
        ("Expect: 100-Continue\r\n", 201, GoesOn),
        ("Expect: 200-ok\r\n", 417, Ends),
        ("Expect: 100-continue\r\nExpect: more\r\n", 417, Ends),
        ("Expect:\r\n", 417, Ends),
    ] {
        let input = format!("{HEAD}{expected}Content-Length: 2\r\n\r\n{{}}");
        check(&app, input, status, then).await;
    }
}

#[tokio::test]
async fn a_body_that_will_be_refused_is_not_requested() {
    let app = TestApp::start().await;
    for (headers, status) in [
        ("Content-Length: 2000000\r\n", "413"),
        ("Content-Length: 2\r\nContent-Encoding: gzip\r\n", "415"),
    ] {
        let mut wire = app.wire().await;
        wire.write(&format!("{HEAD}{headers}Expect: 100-continue\r\n\r\n"))
            .await;
        let answer = wire.read_until("}").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn a_body_with_another_content_type_is_refused() {
    let app = TestApp::start().await;
    for kind in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/json; charset=latin1\r\n",
    ] {
        let input = format!("POST /data HTTP/1.1\r\nHost: a\r\n{kind}Content-Length: 2\r\n\r\n{{}}");
        check(&app, input, 415, Ends).await;
    }
    let input = "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n";
    check(&app, input, 400, GoesOn).await;
}
