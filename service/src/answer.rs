//! The form of the answers below 400.

use salvo::Response;
use salvo::http::{HeaderValue, StatusCode, header};

/// The content type of every JSON answer.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers with a text that is complete.
pub(crate) fn complete(
    response: &mut Response,
    status: StatusCode,
    content_type: HeaderValue,
    body: impl Into<Vec<u8>>,
) {
    let body = body.into();
    response.status_code(status);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    // Given here because the body of an answer to HEAD is dropped, and with it the length that HEAD is asked for.
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    response.body(body);
}
