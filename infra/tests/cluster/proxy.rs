//! A proxy in front of the real API server that counts what goes through, and can do harm.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::fixture::{Ended, World};

/// What the proxy does to requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// Nothing.
    None,
    /// It answers 404 to everything, as a gateway without a backend does.
    NotFound,
    /// The first request with this method, and this text in its URL, is carried out and its answer lost.
    LoseAnswer(&'static str, &'static str),
    /// Every answer comes this much later.
    Slow(Duration),
}

/// The proxy; it ends with the test's runtime.
pub(crate) struct Proxy {
    requests: Arc<Mutex<Vec<String>>>,
    kubeconfig: PathBuf,
    _directory: TempDir,
}

impl Proxy {
    /// Starts a proxy that speaks plain HTTP on loopback and asks the API server as `client`.
    pub(crate) async fn start(client: kube::Client, harm: Harm) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let harm = Arc::new(Mutex::new(harm));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (client, seen, harm) = (client.clone(), Arc::clone(&seen), Arc::clone(&harm));
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
            kubeconfig,
            _directory: directory,
        }
    }

    /// A kubeconfig that leads to the proxy.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What went through since the last call, as `GET /api/…`.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

async fn forward(
    request: http::Request<Incoming>,
    client: kube::Client,
    seen: Arc<Mutex<Vec<String>>>,
    harm: Arc<Mutex<Harm>>,
) -> io::Result<http::Response<http_body_util::Full<hyper::body::Bytes>>> {
    let (mut head, body) = request.into_parts();
    seen.lock().unwrap().push(format!("{} {}", head.method, head.uri));
    let bytes = body.collect().await.expect("a whole request").to_bytes();
    let slowness = match *harm.lock().unwrap() {
        Harm::Slow(time) => time,
        _ => Duration::ZERO,
    };
    tokio::time::sleep(slowness).await;
    let loses_answer = {
        let mut harm = harm.lock().unwrap();
        match *harm {
            Harm::NotFound => {
                let mut answer = http::Response::new(http_body_util::Full::default());
                *answer.status_mut() = http::StatusCode::NOT_FOUND;
                return Ok(answer);
            }
            Harm::LoseAnswer(method, text)
                if head.method == method && head.uri.to_string().contains(text) =>
            {
                *harm = Harm::None;
                true
            }
            Harm::LoseAnswer(..) | Harm::Slow(_) | Harm::None => false,
        }
    };
    head.headers.remove(http::header::HOST);
    let request = http::Request::from_parts(head, Body::from(bytes.to_vec()));
    let response = client.send(request).await.expect("the API server answers");
    if loses_answer {
        return Err(io::Error::other("the answer is lost"));
    }
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.expect("a whole answer").to_bytes();
    let mut answer = http::Response::new(http_body_util::Full::new(bytes));
    *answer.status_mut() = head.status;
    Ok(answer)
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
