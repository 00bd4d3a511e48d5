//! Records every request in the access log and the metrics, once the response head is ready or the client is gone.

use std::time::Instant;

use futures::StreamExt as _;
use salvo::http::uri::Uri;
use salvo::http::{Method, ResBody};
use salvo::{Depot, Request, Response};

use super::requirements::has_exact_path;
use crate::logging::Access;
use crate::metrics::{InFlight, metrics};
use crate::request_id::request_id;
use crate::trace::trace;

/// A client that disconnected before the response, as in nginx.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The metrics' route label of requests without a route, or with an unsupported method.
const NO_ROUTE: &str = "none";

/// A request in progress, recorded when dropped, so that cancelled requests are recorded, too.
///
/// The query is not recorded, because it may contain personal data.
pub(super) struct Exchange<'a> {
    start: Instant,
    method: Method,
    uri: Uri,
    route: String,
    status: u16,
    pub(super) depot: &'a mut Depot,
    in_flight: Option<InFlight>,
}

impl<'a> Exchange<'a> {
    pub(super) fn begin(request: &Request, depot: &'a mut Depot, response: &Response) -> Self {
        // If a status is set before any handler ran, the router found no route.
        let route = if response.status_code.is_some() || !has_exact_path(request) {
            NO_ROUTE.to_owned()
        } else {
            ["/", request.matched_path()].concat()
        };
        Self {
            start: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            route,
            status: CLIENT_CLOSED_REQUEST,
            depot,
            in_flight: Some(metrics().http.begin()),
        }
    }

    /// Records the response's status. A streamed response stays in flight until its end.
    pub(super) fn end(mut self, response: &mut Response) {
        self.status = response.status_code.map_or(200, |status| status.as_u16());
        if matches!(response.body, ResBody::Stream(_))
            && let ResBody::Stream(body) = response.take_body()
        {
            let in_flight = self.in_flight.take();
            response.body(ResBody::stream(body.into_inner().map(move |frame| {
                let _held = &in_flight;
                frame
            })));
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        let duration = self.start.elapsed();
        let route = std::mem::take(&mut self.route);
        metrics().http.record(&self.method, route, self.status, duration);
        let access = Access {
            method: self.method.as_str(),
            path: self.uri.path(),
            status: self.status,
            duration,
            request_id: request_id(self.depot),
            trace: trace(self.depot),
        };
        access.log();
    }
}
