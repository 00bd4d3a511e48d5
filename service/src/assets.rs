//! Static files compiled into the program, each with an `ETag`.
//!
//! Their paths carry no version, because during a rollout one instance's page may load its script from another
//! instance.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Read as _;

use salvo::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    ETAG, IF_NONE_MATCH, VARY,
};
use salvo::http::{HeaderMap, HeaderValue, ResBody, StatusCode};
use salvo::hyper::body::Bytes;
use salvo::{Request, Response, handler};

use crate::accept::{is_refused, items, name};
use crate::error::Error;

/// A file, served from the program's memory.
#[derive(Clone)]
pub(crate) struct Asset {
    content_type: HeaderValue,
    policy: Option<HeaderValue>,
    bytes: &'static [u8],
    is_compressed: bool,
    tag: String,
}

impl Asset {
    /// An uncompressed file.
    pub(crate) fn plain(content_type: &'static str, bytes: &'static [u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        Self {
            content_type: HeaderValue::from_static(content_type),
            policy: None,
            bytes,
            is_compressed: false,
            tag: format!("{:016x}", hasher.finish()),
        }
    }

    /// A file that was compressed by gzip at build time.
    pub(crate) fn compressed(content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            is_compressed: true,
            ..Self::plain(content_type, bytes)
        }
    }

    /// Sets the content security policy of an HTML file.
    pub(crate) fn with_policy(self, policy: &'static str) -> Self {
        Self {
            policy: Some(HeaderValue::from_static(policy)),
            ..self
        }
    }

    fn decompressed(&self) -> Result<Bytes, Error> {
        let mut bytes = Vec::new();
        let read = flate2::read::GzDecoder::new(self.bytes).read_to_end(&mut bytes);
        read.map(|_| Bytes::from(bytes)).map_err(|_| Error::Internal)
    }
}

#[handler]
impl Asset {
    fn handle(&self, request: &mut Request, response: &mut Response) -> Result<(), Error> {
        let compressed = self.is_compressed && accepts_gzip(request.headers());
        let suffix = if compressed { "-gzip" } else { "" };
        let tag = format!("\"{}{suffix}\"", self.tag);
        let headers = response.headers_mut();
        headers.insert(ETAG, HeaderValue::from_str(&tag).map_err(|_| Error::Internal)?);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if self.is_compressed {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if matches_etag(request.headers(), &tag) {
            response.status_code(StatusCode::NOT_MODIFIED);
            return Ok(());
        }
        let body = if self.is_compressed && !compressed {
            self.decompressed()?
        } else {
            Bytes::from_static(self.bytes)
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(policy) = &self.policy {
            headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        response.status_code(StatusCode::OK);
        response.body(ResBody::Once(body));
        Ok(())
    }
}

/// Compares weakly, because proxies that recompress a response weaken its tag.
fn matches_etag(headers: &HeaderMap, tag: &str) -> bool {
    items(headers, IF_NONE_MATCH).any(|item| item == "*" || item.trim_start_matches("W/") == tag)
}

/// A missing header would allow every encoding by RFC 9110, but such clients usually cannot decompress.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    items(headers, ACCEPT_ENCODING).any(|item| matches!(name(item), "gzip" | "*") && !is_refused(item))
}
