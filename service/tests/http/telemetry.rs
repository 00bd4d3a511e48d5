//! Metrics, traces and the log of the binary: complete, free of secrets, and never blocking.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use salvo::http::Method;
use tokio::io::AsyncReadExt as _;

use super::client::HttpClient;
use super::mongo;
use super::process::{Process, command};
use super::wait::{TIMEOUT, until};

const SECRET: &str = "s3cr3t";

/// Starts a service with a secret in its connection string.
async fn start(directory: &std::path::Path, uri: &str) -> (Process, HttpClient) {
    let variables = [
        ("LISTEN_ADDRESS", "127.0.0.1:0"),
        ("MONGODB_URI", uri),
        ("DRAIN_SECONDS", "0"),
        ("LOG_LEVEL", "trace"),
    ];
    let mut process = Process::start(directory, &variables);
    let client = process.client().await;
    (process, client)
}

#[tokio::test]
async fn metrics_count_by_route_and_clients_cannot_create_series() {
    let mongodb = mongo::own().await;
    let directory = tempfile::tempdir().unwrap();
    let (_process, client) = start(directory.path(), &mongodb.mongodb_uri()).await;
    for path in ["/livez", "/livez?a=1", "/nope/1", "/nope/2", "/health"] {
        client.get(path).await;
    }
    assert_eq!(client.post(r#"{"a":1}"#).await.status, 201);
    client.get("/data").await;
    let invented = Method::from_bytes(b"BREW").unwrap();
    client.send(invented, "/data", &[], "").await;
    let mut answer = client.get("/metrics").await;
    // The next ping may hold a connection.
    until("no connection in use", async || {
        answer = client.get("/metrics").await;
        answer.body.contains("\nmongodb_connections_in_use 0\n")
    })
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    for line in [
        r#"http_requests_total{method="GET",route="/livez",status="200"} 2"#,
        r#"http_requests_total{method="GET",route="none",status="404"} 2"#,
        r#"http_requests_total{method="POST",route="/data",status="201"} 1"#,
        r#"http_request_duration_seconds_count{method="GET",route="/data"} 1"#,
        "http_requests_in_flight 1",
        "mongodb_connections_in_use 0",
        r#"mongodb_call_duration_seconds_count{operation="insert"} 1"#,
        r#"mongodb_call_duration_seconds_count{operation="find"} 1"#,
        "log_lines_dropped_total 0",
        r#"service_build_info{version="0.1.0"} 1"#,
    ] {
        assert!(
            answer.body.lines().any(|given| given == line),
            "{line}\n{}",
            answer.body
        );
    }
    for part in [
        "mongodb_connections_open ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "process_cpu_seconds_total ",
        "process_start_time_seconds ",
    ] {
        let line = answer.body.lines().find_map(|line| line.strip_prefix(part));
        assert!(line.unwrap_or_else(|| panic!("{part}")).parse::<f64>().unwrap() >= 0.0);
    }
    assert!(
        answer.body.contains(r#"{method="other",route="none","#),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("nope") && !answer.body.contains("BREW"));
    assert!(answer.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_trace_is_continued_and_no_secret_is_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let uri = format!("mongodb://user:{SECRET}@127.0.0.1:1/?appName={SECRET}");
    let (mut process, client) = start(directory.path(), &uri).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [
        ("traceparent", parent.as_str()),
        ("content-type", "application/json"),
        ("authorization", "Basic czNjcjN0 s3cr3t"),
        ("cookie", "session=s3cr3t"),
        ("x-request-id", "the first"),
    ];
    let path = format!("/data?token={SECRET}");
    let bodies = [
        format!(r#"{{"password": "{SECRET}"}}"#),
        format!(r#"{{"{SECRET}": oh"#),
    ];
    for body in bodies {
        let answer = client.send(Method::POST, &path, &headers, body).await;
        let response = answer.header("traceresponse").to_owned();
        let (start, span) = (
            format!("00-{trace}-"),
            response.split('-').nth(2).unwrap_or_default(),
        );
        assert!(
            response.starts_with(&start) && span.len() == 16 && span != "00f067aa0ba902b7",
            "{response}"
        );
    }
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
    ];
    client
        .send(Method::POST, "/add", &form, format!("document={SECRET}"))
        .await;
    assert_eq!(client.get("/livez").await.header("traceresponse"), "");
    let pid = process.pid();
    kill_process(pid, Signal::TERM).unwrap();
    let log = process.rest().await;
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 4, "{log}");
    assert_eq!(requests[0]["path"], "/data");
    assert_eq!(requests[0]["trace_id"], trace);
    assert_eq!(requests[0]["parent_id"], "00f067aa0ba902b7");
    assert!(requests[0]["span_id"].as_str().unwrap().len() == 16);
    assert!(requests[3]["trace_id"].is_null());
    assert!(!log.contains(SECRET) && !log.contains("czNjcjN0"), "{log}");
}

/// Sends requests until the queue of unread log lines is full.
async fn fill_log(client: &HttpClient) {
    let path = format!("/{}", "x".repeat(300));
    let id = "i".repeat(128);
    let headers = [("x-request-id", id.as_str())];
    until("the log is full", async || {
        let many = (0..200).map(|_| client.send(Method::GET, &path, &headers, ""));
        let answers = futures::future::join_all(many).await;
        assert!(answers.iter().all(|answer| answer.status == 404));
        let metrics = client.get("/metrics").await.body;
        let dropped = metrics
            .lines()
            .find_map(|line| line.strip_prefix("log_lines_dropped_total "));
        dropped.unwrap().parse::<u64>().unwrap() > 0
    })
    .await;
}

#[tokio::test]
async fn a_stuck_log_reader_blocks_no_request() {
    let directory = tempfile::tempdir().unwrap();
    let (mut process, client) = start(directory.path(), "mongodb://127.0.0.1:1/").await;
    fill_log(&client).await;
    // Once it is read again, the log reports what is missing.
    let event = process.event("log lines were dropped").await;
    assert!(event["count"].as_u64().unwrap() > 0);
    assert!(process.terminate().await.success());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_stuck_log_reader() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [("LISTEN_ADDRESS", "127.0.0.1:0"), ("DRAIN_SECONDS", "0")];
    let mut child = command(directory.path(), &variables).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = vec![0; 4096];
    let read = tokio::time::timeout(TIMEOUT, stdout.read(&mut first))
        .await
        .unwrap()
        .unwrap();
    let line: serde_json::Value = serde_json::from_slice(&first[..read]).unwrap();
    let client = HttpClient::new(line["address"].as_str().unwrap().parse().unwrap());
    fill_log(&client).await;
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = tokio::time::timeout(TIMEOUT + Duration::from_secs(1), child.wait()).await;
    assert!(status.expect("an end in time").unwrap().success());
    drop(stdout);
}
