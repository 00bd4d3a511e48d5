//! HTTP itself: what is malformed, slow, missing or forbidden, and the ids of requests.

use std::time::{Duration, Instant};

use salvo::conn::tcp::TcpAcceptor;
use salvo::http::Method;
use salvo::{Router, handler};
use tokio::net::TcpListener;

use super::app::{TestApp, impatient};
use super::client::HttpClient;

async fn exchange(app: &TestApp, request: &str) -> String {
    let mut wire = app.wire().await;
    wire.write(request).await;
    wire.read_until("}").await
}

#[tokio::test]
async fn a_path_that_does_not_exist_is_answered_by_a_problem() {
    let app = TestApp::start().await;
    for path in ["/nope", "/data/1", "/livez/x", "//x"] {
        assert_eq!(
            app.client.get(path).await.problem(404),
            "there is nothing at this path"
        );
    }
    let head = app.client.send(Method::HEAD, "/nope", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (404, ""));
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_answered_with_those_it_takes() {
    let app = TestApp::start().await;
    for (method, path, allow) in [
        (Method::POST, "/", "GET, HEAD"),
        (Method::DELETE, "/data", "GET, HEAD, POST"),
        (Method::PUT, "/health", "GET, HEAD"),
        (Method::OPTIONS, "/readyz", "GET, HEAD"),
    ] {
        let answer = app.client.send(method, path, &[], "").await;
        answer.problem(405);
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn exactly_one_host_is_required() {
    let app = TestApp::start().await;
    for (hosts, status) in [
        ("", "400"),
        ("Host: a\r\nHost: a\r\n", "400"),
        ("Host: a\r\nHost: b\r\n", "400"),
        ("Host: u@a\r\n", "400"),
        ("Host: a b\r\n", "400"),
        ("Host: a:5000\r\n", "200"),
        ("Host: [::1]:5000\r\n", "200"),
    ] {
        let answer = exchange(&app, &format!("GET /livez HTTP/1.1\r\n{hosts}\r\n")).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{hosts}: {answer}"
        );
        assert_eq!(
            answer.contains("application/problem+json"),
            status == "400",
            "{answer}"
        );
    }
    let old = exchange(&app, "GET /livez HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 "), "{old}");
}

#[tokio::test]
async fn a_silent_or_slow_head_ends_the_connection() {
    let app = TestApp::start_with(impatient()).await;
    for start in ["", "GET / HT"] {
        let mut wire = app.wire().await;
        let time = Instant::now();
        wire.write(start).await;
        wire.read_to_end().await;
        assert!(time.elapsed() < Duration::from_secs(5), "{start}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_http_are_answered_400() {
    let app = TestApp::start().await;
    let mut wire = app.wire().await;
    wire.write("\u{16}\u{3}\u{1} hello\r\n\r\n").await;
    let answer = wire.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn a_sane_request_id_is_taken_and_another_is_made_up() {
    let app = TestApp::start().await;
    let id_for = async |given: &str| {
        let answer = app
            .client
            .send(Method::GET, "/nope", &[("x-request-id", given)], "")
            .await;
        answer.problem(404);
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(id_for("0b3c2f7e-1d5a-4c58").await, "0b3c2f7e-1d5a-4c58");
    for bad in ["a b", "\"", &"x".repeat(129)] {
        let made_up = id_for(bad).await;
        assert!(made_up.len() == 32 && made_up != bad, "{made_up}");
    }
    let (one, other) = (app.client.get("/").await, app.client.get("/").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn a_panic_in_a_handler_is_answered_500_and_the_connection_lives_on() {
    #[handler]
    fn panicking() {
        panic!("on purpose");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = service::router::around(Router::new().get(panicking));
    let server = salvo::Server::new(TcpAcceptor::try_from(listener).unwrap());
    tokio::spawn(server.try_serve(router));
    let mut wire = super::client::Wire::open(address).await;
    for _ in 0..2 {
        wire.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let answer = wire.read_until("}").await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    }
    let answer = HttpClient::new(address).get("/").await;
    assert_eq!(answer.problem(500), "the service failed to handle the request");
}
