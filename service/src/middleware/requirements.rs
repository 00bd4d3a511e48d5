//! What every request must satisfy, whatever its route.

use salvo::Request;
use salvo::http::Version;
use salvo::http::header::{CONTENT_ENCODING, EXPECT, HOST};

use super::unread::announces_body;
use crate::error::Error;
use crate::wire::Refusal;

/// Returns what is wrong with a request that asks for something that no route does.
pub(super) fn unmet(request: &Request, has_route: bool) -> Option<Error> {
    if let Some(refusal) = Refusal::of(request.method(), request.uri().path()) {
        Some(Error::Refused(refusal))
    } else if !has_sound_host(request) {
        Some(Error::Host)
    } else if !has_known_expectation(request) {
        Some(Error::Expectation)
    } else if !has_exact_path(request) {
        // The path is not what a route is made for, though the router would overlook that.
        Some(Error::NoSuchPath)
    } else if has_route && has_encoded_body(request) {
        Some(Error::EncodedBody)
    } else {
        None
    }
}

/// HTTP/1.1 wants `Host` exactly once: two of them are how requests are smuggled past a proxy. HTTP/1.0 may leave it out.
fn has_sound_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host
            .to_str()
            .is_ok_and(|host| host.is_empty() || is_authority(host)),
        (None, None) => request.version() == Version::HTTP_10,
        _ => false,
    }
}

/// A host with an optional port, without a user.
fn is_authority(host: &str) -> bool {
    !host.contains('@') && host.parse::<salvo::http::uri::Authority>().is_ok()
}

/// Nothing can be expected but `100-continue` (RFC 9110, section 10.1.1), and HTTP/1.0 knows no expectations.
fn has_known_expectation(request: &Request) -> bool {
    request.version() == Version::HTTP_10
        || request
            .headers()
            .get_all(EXPECT)
            .iter()
            .all(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// `/data/` and `//data` are other paths than `/data`.
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
