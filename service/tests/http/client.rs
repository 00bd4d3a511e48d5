//! An HTTP client, and a raw connection.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use salvo::http::{HeaderMap, Method};
use salvo::hyper::Request;
use salvo::hyper::body::Bytes;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::wait::TIMEOUT;

/// A complete response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Asserts that this is a well-formed problem document, and returns its detail.
    pub(crate) fn problem(&self, status: u16) -> String {
        let problem = self.json();
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(text("request_id"), self.header("x-request-id"));
        assert!(
            !text("type").is_empty() && !text("title").is_empty(),
            "{}",
            self.body
        );
        text("detail")
    }
}

/// A client for one server.
#[derive(Clone)]
pub(crate) struct HttpClient {
    pub(crate) address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl HttpClient {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, body: impl Into<String>) -> Answer {
        self.send(
            Method::POST,
            "/data",
            &[("content-type", "application/json")],
            body,
        )
        .await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.into()))).unwrap();
        let answer = tokio::time::timeout(TIMEOUT, self.client.request(request)).await;
        let answer = answer.expect("an answer in time").unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answer {
            status,
            headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

/// A raw connection.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes()).await.unwrap();
    }

    /// Fails if the server has stopped reading.
    pub(crate) async fn write_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Waits until the server has sent something or closed the connection.
    pub(crate) async fn readable(&self) -> std::io::Result<()> {
        self.0.readable().await
    }

    /// Shuts down the sending side.
    pub(crate) async fn end(&mut self) {
        // The server may have closed the connection.
        let _ = self.0.shutdown().await;
    }

    /// Reads up to and including `end`.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(end) {
            let read = tokio::time::timeout(TIMEOUT, self.0.read_buf(&mut bytes)).await;
            let read = read.expect("bytes in time").unwrap();
            assert!(
                read > 0,
                "closed before `{end}`: {}",
                String::from_utf8_lossy(&bytes)
            );
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Reads until the server closes or resets the connection.
    pub(crate) async fn read_to_end(mut self) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(TIMEOUT, self.0.read_to_end(&mut bytes)).await;
        // After a reset, what was received before it counts.
        let _ = read.expect("an end in time");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
