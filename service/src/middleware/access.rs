//! What is told about every request, in the log and in the metrics, when the head of the answer is ready or the client
//! has gone.

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

/// The status of a request whose client went away before the answer; nginx uses the same.
const CLIENT_WENT_AWAY: u16 = 499;

/// The route of a request for which there is none, or none with this method.
const NO_ROUTE: &str = "none";

/// A request on its way to its answer; told when it is dropped, so that a request that is given up is told too.
///
/// The query is left out: it may hold what is nobody's business.
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
        // The router has spoken already when there is a status before anybody has handled the request.
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
            status: CLIENT_WENT_AWAY,
            depot,
            in_flight: Some(metrics().http.begin()),
        }
    }

    /// Notes the answer. One that is sent while it is made is in flight until its end.
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
