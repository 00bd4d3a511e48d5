//! Heads that are malformed, too large or too slow, and other protocols.

use std::time::Duration;

use super::super::app::{TestApp, impatient};
use super::Then::{Ends, GoesOn};
use super::answers::split;
use super::check;

#[tokio::test]
async fn an_invalid_head_is_refused_and_closes_the_connection() {
    let app = TestApp::start().await;
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(64 * 1024));
    let long_value = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(1024 * 1024)
    );
    let headers = |count: usize| {
        format!(
            "GET /livez HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "X: y\r\n".repeat(count - 1)
        )
    };
    for (input, status) in [
        ("GET /livez\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\nHost: a\n\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\n\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
        ("GET  /livez HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET livez HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /livez#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /liv\u{e9}z HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT /livez HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("- /refused/slow HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /livez nonsense\r\nHost: a\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0", 400),
        ("EHLO a\r\n", 400),
        ("\0", 400),
        (&long_path, 414),
        (&long_value, 431),
        (&headers(101), 431),
        ("GET /livez HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET /livez HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ] {
        check(&app, input, status, Ends).await;
    }
    check(&app, headers(100), 200, GoesOn).await;
    check(&app, format!("\r\n\r\n{}", headers(1)), 200, GoesOn).await;
}

#[tokio::test]
async fn http_1_0_is_answered_in_kind() {
    let app = TestApp::start().await;
    for hosts in ["", "Host: a\r\n"] {
        let mut wire = app.wire().await;
        wire.write(&format!("GET /livez HTTP/1.0\r\n{hosts}\r\n")).await;
        let text = wire.read_to_end().await;
        assert!(text.starts_with("HTTP/1.0 200 OK\r\n"), "{text}");
        assert_eq!(split(&text, false).len(), 1);
    }
    let mut wire = app.wire().await;
    let request = "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    wire.write(&format!("{request}GET /livez HTTP/1.0\r\n\r\n")).await;
    assert_eq!(split(&wire.read_to_end().await, false).len(), 2);
}

#[tokio::test]
async fn exactly_one_host_is_required() {
    let app = TestApp::start().await;
    for (hosts, status) in [
        ("", 400),
        ("Host: a\r\nHost: a\r\n", 400),
        ("Host: a\r\nhost: b\r\n", 400),
        ("Host: a, b\r\n", 400),
        ("Host: u@a\r\n", 400),
        ("Host: a b\r\n", 400),
        ("Host: a/b\r\n", 400),
        ("Host: a:5000\r\n", 200),
        ("Host: [::1]:5000\r\n", 200),
        ("Host:\r\n", 200),
    ] {
        check(
            &app,
            format!("GET /livez HTTP/1.1\r\n{hosts}\r\n"),
            status,
            GoesOn,
        )
        .await;
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_is_answered_408_and_silence_is_not_answered() {
    let app = TestApp::start_with(impatient()).await;
    let served = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    for (start, statuses) in [
        (String::new(), vec![]),
        ("\r\n\r\n".to_owned(), vec![]),
        (served.to_owned(), vec![200]),
        ("G".to_owned(), vec![408]),
        ("GET / HTTP/1.1\r\nHost: a\r\n".to_owned(), vec![408]),
        (format!("{served}GET / HT"), vec![200, 408]),
    ] {
        let mut wire = app.wire().await;
        wire.write(&start).await;
        let answers = split(&wire.read_to_end().await, false);
        let found: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(found, statuses, "{start:?}");
        for answer in answers {
            answer.assert_sound(false);
        }
    }
}

#[tokio::test]
async fn a_trickled_head_has_the_same_deadline() {
    let app = TestApp::start_with(impatient()).await;
    let mut wire = app.wire().await;
    let writing = async {
        for byte in b"GET /livez HTTP/1.1\r\n".iter().chain(std::iter::repeat(&b'x')) {
            if wire.write_bytes(&[*byte]).await.is_err() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
                readable = wire.readable() => {
                    readable.unwrap();
                    break;
                }
            }
        }
    };
    tokio::time::timeout(super::super::wait::TIMEOUT, writing)
        .await
        .expect("an answer, though bytes keep coming");
    let answers = split(&wire.read_to_end().await, false);
    assert_eq!((answers.len(), answers[0].status), (1, 408));
}

#[tokio::test]
async fn a_client_that_ends_its_side_still_gets_its_answer() {
    let app = TestApp::start().await;
    for (request, status) in [
        ("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET /livez HTTP/1.1\r\nHost: a\r\n", 400),
        (
            "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\":1}",
            400,
        ),
    ] {
        let mut wire = app.wire().await;
        wire.write(request).await;
        wire.end().await;
        let answers = split(&wire.read_to_end().await, false);
        assert_eq!((answers.len(), answers[0].status), (1, status), "{request}");
        answers[0].assert_sound(false);
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let app = TestApp::start().await;
    let requests: Vec<_> = (0..10)
        .map(|number| {
            let path = ["/livez", "/nope", "/health"][number % 3];
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: {number}\r\n\r\n")
        })
        .collect();
    let mut wire = app.wire().await;
    wire.write(&requests.concat()).await;
    wire.end().await;
    let answers = split(&wire.read_to_end().await, false);
    let found: Vec<_> = answers
        .iter()
        .map(|answer| format!("{} {}", answer.header("x-request-id"), answer.status))
        .collect();
    let expected = (0..10).map(|number| format!("{number} {}", [200, 404, 200][number % 3]));
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn empty_lines_do_not_keep_a_connection_open() {
    let app = TestApp::start_with(impatient()).await;
    let mut wire = app.wire().await;
    let writing = async {
        for byte in std::iter::repeat_n(b"\r\n", usize::MAX).flatten() {
            let pause = tokio::time::timeout(Duration::from_millis(50), wire.readable());
            if pause.await.is_ok() || wire.write_bytes(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(super::super::wait::TIMEOUT, writing)
        .await
        .expect("an end, though bytes keep coming");
}
