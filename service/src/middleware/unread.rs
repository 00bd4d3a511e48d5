//! A body that nobody read: what follows it cannot be found without reading it, so the connection ends, and says so.

use salvo::http::HeaderValue;
use salvo::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use salvo::{Request, Response};

use crate::records::BodyRead;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Adds `Connection: close` to the answer to a request whose body is still on its way.
pub(super) fn close(request: &Request, response: &mut Response) {
    if announces_body(request) && request.extensions().get::<BodyRead>().is_none() {
        response.headers_mut().insert(CONNECTION, CLOSE);
    }
}

/// Tells whether a body follows the head.
pub(super) fn announces_body(request: &Request) -> bool {
    let headers = request.headers();
    headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length.as_bytes().iter().any(|digit| *digit != b'0'))
}
