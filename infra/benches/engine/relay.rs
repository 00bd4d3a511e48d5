//! Loopback proxies in front of the API server: one delays traffic, one counts requests.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::http::{Http, Transport};

/// The round trip that the delaying proxy adds.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(20);

/// Maximum size of a relayed chunk.
const PIECE: usize = 64 * 1024;

/// Starts the delaying proxy and writes a kubeconfig that uses it. TLS passes through untouched.
pub(crate) async fn delaying(kubeconfig: &Path, directory: &Path) -> Result<PathBuf> {
    let text = std::fs::read_to_string(kubeconfig)?;
    let server = server(&text)?.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let target = server.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // A broken connection ends both sides, which report it.
            tokio::spawn(relay(client, target.clone()));
        }
    });
    let path = directory.join("kubeconfig-delayed");
    std::fs::write(&path, text.replace(&server, &address))?;
    Ok(path)
}

/// `127.0.0.1:PORT` of a kubeconfig of the sandbox.
fn server(kubeconfig: &str) -> Result<&str> {
    let mut lines = kubeconfig.lines();
    let line = lines.find_map(|line| line.trim().strip_prefix("server: https://"));
    line.context("the kubeconfig names no server")
}

async fn relay(client: TcpStream, server: String) -> io::Result<()> {
    // To the client the connection is already open; over a network that would have taken a round trip.
    sleep(ROUND_TRIP).await;
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(one_way(from_client, to_server), one_way(from_server, to_client));
    Ok(())
}

/// Forwards bytes after half a round trip. Adds latency without limiting bandwidth.
fn one_way(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) -> impl Future<Output = ()> {
    let (sender, mut on_the_way) = mpsc::unbounded_channel::<(Instant, Bytes)>();
    let read = async move {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let arrives = Instant::now() + ROUND_TRIP / 2;
            if sender
                .send((arrives, Bytes::copy_from_slice(&piece[..length])))
                .is_err()
            {
                break;
            }
        }
    };
    let write = async move {
        while let Some((arrives, bytes)) = on_the_way.recv().await {
            sleep_until(arrives).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // The other side closes next or already has, so an error here does not matter.
        let _ = to.shutdown().await;
    };
    async move {
        tokio::join!(read, write);
    }
}

/// A proxy that counts requests. It speaks plain HTTP, so it is not used for timing.
pub(crate) struct Counter {
    requests: Arc<AtomicUsize>,
    pub(crate) kubeconfig: PathBuf,
}

impl Counter {
    pub(crate) async fn start<C>(http: Arc<Http<C>>, directory: &Path) -> Result<Self>
    where
        C: Transport,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (http, seen) = (Arc::clone(&http), Arc::clone(&seen));
                let service = service_fn(move |request| {
                    seen.fetch_add(1, Ordering::Relaxed);
                    forward(request, Arc::clone(&http))
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let kubeconfig = directory.join("kubeconfig-counted");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\n\
             clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
             users: [{{name: u, user: {{}}}}]\n\
             contexts: [{{name: sandbox, context: {{cluster: c, user: u}}}}]\n"
        );
        std::fs::write(&kubeconfig, text)?;
        Ok(Self { requests, kubeconfig })
    }

    /// The number of requests since the last call.
    pub(crate) fn take(&self) -> usize {
        self.requests.swap(0, Ordering::Relaxed)
    }
}

async fn forward<C>(
    request: http::Request<Incoming>,
    http: Arc<Http<C>>,
) -> Result<http::Response<Full<Bytes>>>
where
    C: Transport,
{
    let (mut head, body) = request.into_parts();
    head.headers.remove(http::header::HOST);
    let body = body.collect().await?.to_bytes();
    let (head, body) = http
        .pass(http::Request::from_parts(head, body))
        .await?
        .into_parts();
    let mut answer = http::Response::new(Full::new(body));
    *answer.status_mut() = head.status;
    for name in [http::header::CONTENT_TYPE, http::header::CONTENT_ENCODING] {
        if let Some(value) = head.headers.get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    Ok(answer)
}
