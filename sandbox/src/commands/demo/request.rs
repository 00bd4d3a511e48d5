//! Sends an HTTP request and shortens the answer to one line.

use std::{io::Cursor, time::Duration};

use anyhow::Context as _;
use http::Request;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

/// Longer than the service's database timeout.
const DEADLINE: Duration = Duration::from_secs(15);
/// Enough for the documents of a thousand demos.
const LIMIT_BYTES: usize = 1 << 20;
/// Fits beside the request in a terminal.
const SHOWN_CHARACTERS: usize = 110;

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Sends a request, with the body as JSON.
pub(super) fn send(method: &str, url: &str, body: Option<&str>) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let exchange =
        runtime.block_on(async { tokio::time::timeout(DEADLINE, exchange(method, url, body)).await });
    exchange
        .with_context(|| format!("`{method} {url}` got no answer within {} s", DEADLINE.as_secs()))?
        .with_context(|| format!("`{method} {url}` failed"))
}

async fn exchange(method: &str, url: &str, body: Option<&str>) -> anyhow::Result<Answer> {
    let mut request = Request::builder().method(method).uri(url);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let request = request.body(Full::new(Cursor::new(body.unwrap_or_default().to_owned())))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), LIMIT_BYTES)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!(error))?;
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    })
}

/// The first line of a body, truncated to fit.
pub(super) fn shortened(body: &str) -> String {
    let line = body.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= SHOWN_CHARACTERS {
        return line.to_owned();
    }
    let start: String = line.chars().take(SHOWN_CHARACTERS).collect();
    format!("{start}… ({} bytes)", body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_body_is_shown_whole_and_a_long_one_with_its_size() {
        assert_eq!(shortened("healthy\n"), "healthy");
        let long = "ä".repeat(200);
        assert_eq!(shortened(&long), format!("{}… (400 bytes)", "ä".repeat(110)));
    }
}
