//! Files that are part of the program: scripts, styles and documents, each with an `ETag`.
//!
//! Their paths stay the same: while a new version is rolled out, a page of one instance may load its script from another.

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

/// One file. It is sent from where the program lies in memory.
#[derive(Clone)]
pub(crate) struct Asset {
    content_type: HeaderValue,
    policy: Option<HeaderValue>,
    bytes: &'static [u8],
    is_packed: bool,
    tag: String,
}

impl Asset {
    /// A file as it is.
    pub(crate) fn plain(content_type: &'static str, bytes: &'static [u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        Self {
            content_type: HeaderValue::from_static(content_type),
            policy: None,
            bytes,
            is_packed: false,
            tag: format!("{:016x}", hasher.finish()),
        }
    }

    /// A file that was packed by gzip when the program was built.
    pub(crate) fn packed(content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            is_packed: true,
            ..Self::plain(content_type, bytes)
        }
    }

    /// Says what the page in this file may load.
    pub(crate) fn with_policy(self, policy: &'static str) -> Self {
        Self {
            policy: Some(HeaderValue::from_static(policy)),
            ..self
        }
    }

    fn unpacked(&self) -> Result<Bytes, Error> {
        let mut bytes = Vec::new();
        let read = flate2::read::GzDecoder::new(self.bytes).read_to_end(&mut bytes);
        read.map(|_| Bytes::from(bytes)).map_err(|_| Error::Internal)
    }
}

#[handler]
impl Asset {
    fn handle(&self, request: &mut Request, response: &mut Response) -> Result<(), Error> {
        let packed = self.is_packed && takes_gzip(request.headers());
        let suffix = if packed { "-gzip" } else { "" };
        let tag = format!("\"{}{suffix}\"", self.tag);
        let headers = response.headers_mut();
        headers.insert(ETAG, HeaderValue::from_str(&tag).map_err(|_| Error::Internal)?);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if self.is_packed {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if has_tag(request.headers(), &tag) {
            response.status_code(StatusCode::NOT_MODIFIED);
            return Ok(());
        }
        let body = if self.is_packed && !packed {
            self.unpacked()?
        } else {
            Bytes::from_static(self.bytes)
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if packed {
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

/// Compares weakly: a proxy that repacks an answer makes its tag a weak one.
fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    items(headers, IF_NONE_MATCH).any(|item| item == "*" || item.trim_start_matches("W/") == tag)
}

/// A client that says nothing takes every encoding, as RFC 9110 has it; but those are the ones that cannot unpack.
fn takes_gzip(headers: &HeaderMap) -> bool {
    items(headers, ACCEPT_ENCODING).any(|item| matches!(name(item), "gzip" | "*") && !is_refused(item))
}
