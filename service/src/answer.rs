//! Successful responses.

use salvo::Response;
use salvo::http::{HeaderValue, StatusCode, header};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Responds with a complete body.
pub(crate) fn complete(
    response: &mut Response,
    status: StatusCode,
    content_type: HeaderValue,
    body: impl Into<Vec<u8>>,
) {
    let body = body.into();
    response.status_code(status);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    // Set explicitly, because a response to HEAD loses its body, and its length with it.
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    response.body(body);
}
