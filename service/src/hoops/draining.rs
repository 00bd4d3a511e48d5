//! While the process stops, every answer is the last one of its connection.
//!
//! A client that keeps a connection open may send its next request at the moment the server closes it, and cannot tell
//! whether that was served. One that is told `Connection: close` opens another connection, to a process that stays.

use std::sync::Arc;

use salvo::http::{HeaderValue, Version, header};
use salvo::{Depot, FlowCtrl, Request, Response, handler};

use crate::database::Readiness;

/// Adds `Connection: close` to the answers of a process that stops.
pub(crate) struct CloseWhileDraining {
    readiness: Arc<Readiness>,
}

impl CloseWhileDraining {
    pub(crate) fn new(readiness: Arc<Readiness>) -> Self {
        Self { readiness }
    }
}

#[handler]
impl CloseWhileDraining {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        flow.call_next(request, depot, response).await;
        // HTTP/2 has its own way to say so and forbids the header.
        if request.version() <= Version::HTTP_11 && self.readiness.is_draining() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}
