//! A proxy in front of the real API server that counts what goes through.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The proxy; it ends with the test's runtime.
pub(crate) struct Proxy {
    requests: Arc<Mutex<Vec<String>>>,
    kubeconfig: PathBuf,
    _directory: TempDir,
}

impl Proxy {
    /// Starts a proxy that speaks plain HTTP on loopback and asks the API server as `client`.
    pub(crate) async fn start(client: kube::Client) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (client, seen) = (client.clone(), Arc::clone(&seen));
                let service = service_fn(move |request| forward(request, client.clone(), Arc::clone(&seen)));
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
) -> Result<http::Response<http_body_util::Full<hyper::body::Bytes>>, Infallible> {
    let (mut head, body) = request.into_parts();
    seen.lock().unwrap().push(format!("{} {}", head.method, head.uri));
    let bytes = body.collect().await.expect("a whole request").to_bytes();
    head.headers.remove(http::header::HOST);
    let request = http::Request::from_parts(head, Body::from(bytes.to_vec()));
    let response = client.send(request).await.expect("the API server answers");
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.expect("a whole answer").to_bytes();
    let mut answer = http::Response::new(http_body_util::Full::new(bytes));
    *answer.status_mut() = head.status;
    Ok(answer)
}
