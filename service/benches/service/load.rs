//! Generates load: connections that repeat a request and read every response completely.
//!
//! Uses raw sockets, because the load shares the machine with what it measures.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::rows::Sample;

/// The size of a read.
const BUFFER: usize = 256 * 1024;

/// A request and its expected response.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) text: String,
    pub(crate) status: u16,
    /// The number of documents expected in the response, which must be flat objects.
    pub(crate) documents: Option<u64>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            text: format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            status: 200,
            documents: None,
        }
    }

    pub(crate) fn with_documents(self, documents: u64) -> Self {
        Self {
            documents: Some(documents),
            ..self
        }
    }

    pub(crate) fn post(path: &str, body: &str) -> Self {
        Self {
            text: format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            status: 201,
            documents: None,
        }
    }
}

/// When the load ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Elapsed(Duration),
    /// Requests per connection.
    Requests(u64),
}

/// Keeps the load awake. Otherwise a program pays for waking it, a fast one less often than a slow one, and the
/// comparison would measure the load's sleep. In production, clients are on other machines.
pub(crate) struct Awake(tokio::task::JoinHandle<()>);

impl Awake {
    pub(crate) fn keep() -> Self {
        Self(tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        }))
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends requests without a pause on some connections.
pub(crate) async fn closed(
    address: SocketAddr,
    request: &Request,
    connections: usize,
    until: Until,
) -> Result<Sample> {
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let mut connection = Connection::open(address).await?;
        let request = request.clone();
        tasks.spawn(async move {
            let start = Instant::now();
            let mut sample = Sample::default();
            while match until {
                Until::Elapsed(time) => start.elapsed() < time,
                Until::Requests(count) => sample.requests < count,
            } {
                connection.exchange(&request, &mut sample).await?;
            }
            anyhow::Ok(sample)
        });
    }
    let start = Instant::now();
    let mut sample = merge(tasks).await?;
    sample.wall = start.elapsed();
    Ok(sample)
}

/// Sends at a steady rate, regardless of responses. Latency counts from when the request was due.
pub(crate) async fn steady(
    address: SocketAddr,
    request: &Request,
    connections: u32,
    per_second: u32,
    time: Duration,
) -> Result<Sample> {
    let mut tasks = JoinSet::new();
    let pause = Duration::from_secs(1) * connections / per_second;
    for number in 0..connections {
        let mut connection = Connection::open(address).await?;
        let request = request.clone();
        tasks.spawn(async move {
            let start = Instant::now();
            let mut sample = Sample::default();
            let mut due = start + pause * number / connections;
            while due < start + time {
                tokio::time::sleep_until(due.into()).await;
                connection.exchange(&request, &mut sample).await?;
                if let Some(last) = sample.latencies.last_mut() {
                    *last = due.elapsed();
                }
                due += pause;
            }
            anyhow::Ok(sample)
        });
    }
    let start = Instant::now();
    let mut sample = merge(tasks).await?;
    sample.wall = start.elapsed();
    Ok(sample)
}

async fn merge(mut tasks: JoinSet<Result<Sample>>) -> Result<Sample> {
    let mut all = Sample::default();
    while let Some(sample) = tasks.join_next().await {
        let sample = sample??;
        all.requests += sample.requests;
        all.documents += sample.documents;
        all.latencies.extend(sample.latencies);
    }
    all.latencies.sort();
    Ok(all)
}

/// A kept connection, reopened if the server closes it.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The rest of a response.
enum Rest {
    Bytes(usize),
    Chunked,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            address,
            stream,
            buffer: Vec::with_capacity(BUFFER),
        })
    }

    /// Sends a request, reads its response, and adds both to the sample.
    pub(crate) async fn exchange(&mut self, request: &Request, sample: &mut Sample) -> Result<()> {
        let start = Instant::now();
        self.stream.write_all(request.text.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "closed before the answer of {}", self.address);
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let first_byte = start.elapsed();
        let text = std::str::from_utf8(&self.buffer[..head])
            .context("a head")?
            .to_ascii_lowercase();
        ensure!(
            text.starts_with(&format!("http/1.1 {} ", request.status)),
            "an unexpected answer: {}",
            String::from_utf8_lossy(&self.buffer)
        );
        let mut documents = 0;
        let rest = match text.split("content-length: ").nth(1) {
            Some(length) => Rest::Bytes(length.split('\r').next().unwrap_or_default().parse()?),
            None => Rest::Chunked,
        };
        self.buffer.drain(..head);
        match rest {
            Rest::Bytes(length) => {
                let mut seen = self.buffer.len();
                documents += count(&self.buffer);
                while seen < length {
                    self.buffer.clear();
                    let read = self.stream.read_buf(&mut self.buffer).await?;
                    ensure!(read > 0, "closed inside the answer of {}", self.address);
                    seen += read;
                    documents += count(&self.buffer);
                }
            }
            Rest::Chunked => loop {
                documents += count(&self.buffer);
                if self.buffer.ends_with(b"\r\n0\r\n\r\n") || self.buffer == b"0\r\n\r\n" {
                    break;
                }
                // The final chunk may arrive in two reads.
                let kept = self.buffer.len().saturating_sub(7);
                self.buffer.drain(..kept);
                documents -= count(&self.buffer);
                let read = self.stream.read_buf(&mut self.buffer).await?;
                ensure!(read > 0, "closed inside the answer of {}", self.address);
            },
        }
        if let Some(expected) = request.documents {
            ensure!(
                documents == expected,
                "{documents} documents instead of {expected}"
            );
            sample.documents += documents;
        }
        sample.requests += 1;
        sample.latencies.push(match request.documents {
            Some(_) => first_byte,
            None => start.elapsed(),
        });
        Ok(())
    }
}

/// Counts documents by their brace, because they are flat.
fn count(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'{')).sum()
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}
