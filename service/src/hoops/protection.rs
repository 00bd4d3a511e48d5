//! Headers that keep a browser from making more of an answer than it is.

use salvo::Response;
use salvo::http::HeaderValue;
use salvo::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Documents, health and errors are true for one moment only, and the documents are nobody else's business.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Adds the headers; a handler may have said something else about caches.
pub(super) fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
}
