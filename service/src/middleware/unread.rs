//! Closes the connection after an unread body, because the next request can only be found by reading it.

use salvo::http::HeaderValue;
use salvo::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use salvo::{Request, Response};

use crate::records::BodyRead;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Adds `Connection: close` to the response if the body was not read.
pub(super) fn close(request: &Request, response: &mut Response) {
    if announces_body(request) && request.extensions().get::<BodyRead>().is_none() {
        response.headers_mut().insert(CONNECTION, CLOSE);
    }
}

pub(super) fn announces_body(request: &Request) -> bool {
    let headers = request.headers();
    headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length.as_bytes().iter().any(|digit| *digit != b'0'))
}
