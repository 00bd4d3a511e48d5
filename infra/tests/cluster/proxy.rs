//! A proxy in front of the real API server that counts requests and can inject faults.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::fixture::{Ended, World};

/// What the proxy does to requests.
#[derive(Clone, Debug)]
pub(crate) enum Harm {
    /// Nothing.
    None,
    /// It answers 404 to everything, as a gateway without a backend does.
    NotFound,
    /// The first request with this method, and this text in its URL, is carried out and its answer lost.
    LoseAnswer(&'static str, &'static str),
    /// Every answer comes this much later.
    Slow(Duration),
    /// Answers to a GET with this text in its URL end in their middle.
    CutOff(&'static str, End),
    /// It answers 503 if the URL contains this text, as for a group whose server is down.
    Unavailable(&'static str),
    /// Another client writes just before the first request with this method, and this text in its URL, is executed.
    Before(&'static str, &'static str, Write),
    /// As `Before`, with one write before each of the first such requests.
    BeforeEach(&'static str, &'static str, Vec<Write>),
    /// It asks for discovery documents in the form of older servers.
    LegacyDiscovery,
    /// Writes with this method, and this text in their URL, are turned away for five seconds, again and again.
    Busy(&'static str, &'static str),
    /// The write of this number, counted from 1, and all after it get no answer.
    Hold(usize, Held),
}

/// How a truncated answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection breaks.
    Broken,
    /// As if that were all.
    Clean,
}

/// Whether a request without an answer is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Undone,
    Done,
}

/// A write by another client.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: Value,
}

/// The proxy; it ends with the test's runtime.
pub(crate) struct Proxy {
    requests: Arc<Mutex<Vec<String>>>,
    harm: Arc<Mutex<Harm>>,
    kubeconfig: PathBuf,
    _directory: TempDir,
}

impl Proxy {
    /// Starts a proxy that speaks plain HTTP on loopback and forwards to the API server as `client`.
    pub(crate) async fn start(client: kube::Client, harm: Harm) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let harm = Arc::new(Mutex::new(harm));
        let done = Arc::clone(&harm);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (client, seen, harm) = (client.clone(), Arc::clone(&seen), Arc::clone(&done));
                let service = service_fn(move |request| {
                    forward(request, client.clone(), Arc::clone(&seen), Arc::clone(&harm))
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        let directory = TempDir::new().unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\n\
             clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
             users: [{{name: u, user: {{}}}}]\n\
             contexts: [{{name: sandbox, context: {{cluster: c, user: u}}}}]\n"
        );
        std::fs::write(&kubeconfig, text).unwrap();
        Self {
            requests,
            harm,
            kubeconfig,
            _directory: directory,
        }
    }

    /// A kubeconfig that leads to the proxy.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The requests since the last call, as `GET /api/…`.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// Waits until such a request has come.
    pub(crate) async fn until_seen(&self, is_it: impl Fn(&String) -> bool) {
        while !self.requests.lock().unwrap().iter().any(&is_it) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until a write is held.
    pub(crate) async fn until_held(&self) {
        while !matches!(*self.harm.lock().unwrap(), Harm::Hold(0, _)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

type Answer = http::Response<http_body_util::Full<hyper::body::Bytes>>;

/// What is done to one request.
enum Fate {
    Passes,
    LosesItsAnswer,
    IsCutOff(End),
    Comes(Duration),
    ComesAfter(Write),
    ComesAsLegacy,
    IsHeld(Held),
    IsAnswered(http::StatusCode),
    IsPutOff,
}

/// Decides about one request; harm that is done once is over then.
fn fate(method: &http::Method, url: &str, harm: &mut Harm) -> Fate {
    let is_write =
        *method != http::Method::GET && !url.contains("dryRun=All") && !url.contains("accessreviews");
    match harm {
        Harm::NotFound => Fate::IsAnswered(http::StatusCode::NOT_FOUND),
        Harm::Slow(time) => Fate::Comes(*time),
        Harm::LoseAnswer(verb, text) if method == verb && url.contains(*text) => {
            *harm = Harm::None;
            Fate::LosesItsAnswer
        }
        Harm::CutOff(text, end) if method == "GET" && url.contains(*text) => Fate::IsCutOff(*end),
        Harm::Unavailable(text) if url.contains(*text) => {
            Fate::IsAnswered(http::StatusCode::SERVICE_UNAVAILABLE)
        }
        Harm::Busy(verb, text) if method == verb && url.contains(*text) && is_write => Fate::IsPutOff,
        Harm::Before(verb, text, write) if method == verb && url.contains(*text) && is_write => {
            let write = write.clone();
            *harm = Harm::None;
            Fate::ComesAfter(write)
        }
        Harm::BeforeEach(verb, text, writes)
            if method == verb && url.contains(*text) && is_write && !writes.is_empty() =>
        {
            Fate::ComesAfter(writes.remove(0))
        }
        Harm::LegacyDiscovery if ["/api", "/apis"].contains(&url) => Fate::ComesAsLegacy,
        Harm::Hold(left, held) if is_write => {
            let held = *held;
            if *left == 0 {
                return Fate::IsHeld(Held::Undone);
            }
            *left -= 1;
            if *left == 0 {
                Fate::IsHeld(held)
            } else {
                Fate::Passes
            }
        }
        _ => Fate::Passes,
    }
}

async fn forward(
    request: http::Request<Incoming>,
    client: kube::Client,
    seen: Arc<Mutex<Vec<String>>>,
    harm: Arc<Mutex<Harm>>,
) -> io::Result<Answer> {
    let (mut head, body) = request.into_parts();
    let url = head.uri.to_string();
    seen.lock().unwrap().push(format!("{} {url}", head.method));
    let bytes = body.collect().await.expect("a whole request").to_bytes();
    let fate = fate(&head.method, &url, &mut harm.lock().unwrap());
    match &fate {
        Fate::Comes(time) => tokio::time::sleep(*time).await,
        Fate::ComesAfter(write) => carry_out(write, &client).await,
        Fate::ComesAsLegacy => {
            let plain = http::HeaderValue::from_static("application/json");
            head.headers.insert(http::header::ACCEPT, plain);
        }
        Fate::IsHeld(Held::Undone) => std::future::pending().await,
        Fate::IsAnswered(code) => {
            let mut answer = Answer::default();
            *answer.status_mut() = *code;
            return Ok(answer);
        }
        Fate::IsPutOff => {
            let mut answer = Answer::default();
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            let seconds = http::HeaderValue::from_static("5");
            answer.headers_mut().insert(http::header::RETRY_AFTER, seconds);
            return Ok(answer);
        }
        _ => {}
    }
    head.headers.remove(http::header::HOST);
    let request = http::Request::from_parts(head, Body::from(bytes.to_vec()));
    let response = client.send(request).await.expect("the API server answers");
    match fate {
        Fate::LosesItsAnswer => return Err(io::Error::other("the answer is lost")),
        Fate::IsHeld(_) => std::future::pending().await,
        _ => {}
    }
    let (head, body) = response.into_parts();
    let whole = body.collect().await.expect("a whole answer").to_bytes();
    let bytes = match fate {
        Fate::IsCutOff(_) => whole.slice(..whole.len() / 2),
        _ => whole.clone(),
    };
    let mut answer = http::Response::new(http_body_util::Full::new(bytes));
    *answer.status_mut() = head.status;
    if matches!(fate, Fate::IsCutOff(End::Broken)) {
        // More is promised than comes, so that the connection is given up.
        answer
            .headers_mut()
            .insert(http::header::CONTENT_LENGTH, whole.len().into());
    }
    Ok(answer)
}

async fn carry_out(write: &Write, client: &kube::Client) {
    let request = http::Request::builder()
        .method(write.method)
        .uri(&write.path)
        .header("content-type", write.content_type)
        .body(Body::from(write.body.to_string().into_bytes()))
        .expect("a request");
    let response = client.send(request).await.expect("the API server answers");
    assert!(response.status().is_success(), "{write:?}: {response:?}");
}

/// Runs a command for the environment of `world` through the proxy.
pub(crate) async fn through(proxy: &Proxy, world: &World, arguments: &[&str]) -> Ended {
    let kubeconfig = proxy.kubeconfig().to_str().unwrap();
    world
        .run(
            &[
                &[arguments[0], world.name.as_str()],
                &arguments[1..],
                &["--kubeconfig", kubeconfig],
            ]
            .concat(),
        )
        .await
}
