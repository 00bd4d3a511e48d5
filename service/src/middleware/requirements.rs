//! Requirements on every request, regardless of its route.

use salvo::Request;
use salvo::http::Version;
use salvo::http::header::{CONTENT_ENCODING, EXPECT, HOST};

use super::unread::announces_body;
use crate::error::Error;
use crate::wire::Refusal;

/// Returns the first requirement that the request fails.
pub(super) fn unmet(request: &Request, has_route: bool) -> Option<Error> {
    if let Some(refusal) = Refusal::of(request.method(), request.uri().path()) {
        Some(Error::Refused(refusal))
    } else if !has_valid_host(request) {
        Some(Error::Host)
    } else if !has_known_expectation(request) {
        Some(Error::Expectation)
    } else if !has_exact_path(request) {
        // The router ignores the difference.
        Some(Error::NoSuchPath)
    } else if has_route && has_encoded_body(request) {
        Some(Error::EncodedBody)
    } else {
        None
    }
}

/// HTTP/1.1 requires exactly one `Host`, because two allow request smuggling past a proxy. HTTP/1.0 may omit it.
fn has_valid_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host
            .to_str()
            .is_ok_and(|host| host.is_empty() || is_authority(host)),
        (None, None) => request.version() == Version::HTTP_10,
        _ => false,
    }
}

/// Accepts a host with an optional port, without user information.
fn is_authority(host: &str) -> bool {
    !host.contains('@') && host.parse::<salvo::http::uri::Authority>().is_ok()
}

/// Accepts only `100-continue` (RFC 9110, section 10.1.1). HTTP/1.0 has no expectations.
fn has_known_expectation(request: &Request) -> bool {
    request.version() == Version::HTTP_10
        || request
            .headers()
            .get_all(EXPECT)
            .iter()
            .all(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Tells `/data` from `/data/` and `//data`.
pub(super) fn has_exact_path(request: &Request) -> bool {
    let path = request.uri().path();
    path.len() <= 1 || !(path.ends_with('/') || path.contains("//"))
}

fn has_encoded_body(request: &Request) -> bool {
    announces_body(request)
        && request
            .headers()
            .get_all(CONTENT_ENCODING)
            .iter()
            .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
