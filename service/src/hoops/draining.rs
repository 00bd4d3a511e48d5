//! While the process stops, every answer is the last one of its connection.
//!
//! A client that keeps a connection open may send its next request at the moment the server closes it, and cannot tell
//! whether that was served. One that is told `Connection: close` opens another connection, to a process that stays.

use salvo::http::{HeaderValue, Version, header};
use salvo::{Request, Response};

use crate::database::Readiness;

/// Adds `Connection: close` to the answers of a process that stops.
pub(super) fn close(request: &Request, response: &mut Response, readiness: &Readiness) {
    // HTTP/2 has its own way to say so and forbids the header.
    if request.version() <= Version::HTTP_11 && readiness.is_draining() {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}
