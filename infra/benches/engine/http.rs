//! A minimal client for the same server: keep-alive HTTP/1.1 over TLS, without Nagle's delay; discards the answers.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

/// Maximum number of requests in flight, as in the engine.
pub(crate) const IN_FLIGHT: usize = 16;

/// A prepared request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

impl Call {
    /// A GET of full objects.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            accept: "application/json",
            content_type: "application/json",
            body: Bytes::new(),
        }
    }

    /// A request with a body.
    pub(crate) fn with_body(
        method: Method,
        path: impl Into<String>,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Self {
        Self {
            method,
            content_type,
            body: body.into(),
            ..Self::get(path)
        }
    }

    /// A merge patch by another manager.
    pub(crate) fn edit(path: &str, change: &Value) -> Self {
        let path = format!("{path}?fieldManager=kubectl-edit");
        let body = change.to_string().into_bytes();
        Self::with_body(Method::PATCH, path, "application/merge-patch+json", body)
    }

    /// A deletion.
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(path)
        }
    }
}

/// How a client connects.
pub(crate) trait Transport: Connect + Clone + Send + Sync + 'static {}

impl<T: Connect + Clone + Send + Sync + 'static> Transport for T {}

/// A client.
pub(crate) struct Http<C> {
    client: legacy::Client<C, Full<Bytes>>,
    base: String,
}

/// Reads the current context of a kubeconfig. Sends nothing yet.
pub(crate) async fn connect(kubeconfig: &Path) -> Result<Http<impl Transport>> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.enforce_http(false);
    let connector = config.rustls_https_connector_with_connector(connector)?;
    Ok(Http {
        client: legacy::Client::builder(TokioExecutor::new()).build(connector),
        base: config.cluster_url.to_string().trim_end_matches('/').to_owned(),
    })
}

impl<C: Transport> Http<C> {
    async fn begin(&self, call: &Call) -> Result<http::Response<Incoming>> {
        let request = Request::builder()
            .method(&call.method)
            .uri(format!("{}{}", self.base, call.path))
            .header(header::ACCEPT, call.accept)
            .header(header::CONTENT_TYPE, call.content_type)
            .body(Full::new(call.body.clone()))?;
        let answer = self.client.request(request).await;
        answer.with_context(|| format!("{} {}", call.method, call.path))
    }

    /// Forwards a request of another client and returns the whole answer.
    pub(crate) async fn pass(&self, request: Request<Bytes>) -> Result<http::Response<Bytes>> {
        let (mut head, body) = request.into_parts();
        head.uri = format!("{}{}", self.base, head.uri).parse()?;
        let answer = self
            .client
            .request(Request::from_parts(head, Full::new(body)))
            .await?;
        let (head, body) = answer.into_parts();
        Ok(http::Response::from_parts(head, body.collect().await?.to_bytes()))
    }

    /// Sends a request and discards the answer.
    pub(crate) async fn send(&self, call: &Call) -> Result<StatusCode> {
        let answer = self.begin(call).await?;
        let status = answer.status();
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(status)
    }

    /// Sends requests, up to [`IN_FLIGHT`] at once. Each must succeed, except that a deletion may find no object.
    pub(crate) async fn send_all(&self, calls: &[Call]) -> Result<()> {
        stream::iter(calls)
            .map(|call| async move {
                let status = self.send(call).await?;
                let is_gone = call.method == Method::DELETE && status == StatusCode::NOT_FOUND;
                ensure!(
                    status.is_success() || is_gone,
                    "{} {}: {status}",
                    call.method,
                    call.path
                );
                Ok(())
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await
    }

    /// Sends a request and reads the answer; `None` if the object does not exist.
    pub(crate) async fn ask(&self, call: &Call) -> Result<Option<Value>> {
        let answer = self.begin(call).await?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await?.to_bytes();
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes);
            bail!("{} {}: {status}: {text}", call.method, call.path);
        }
        Ok(Some(serde_json::from_slice(&bytes)?))
    }
}
