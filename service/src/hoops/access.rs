//! What is told about every request, in the log and in the metrics, when the head of the answer is ready or the client
//! has gone.

use std::time::Instant;

use futures::StreamExt as _;
use salvo::http::{Method, ResBody};
use salvo::{Depot, FlowCtrl, Request, Response, handler};

use super::{request_id, trace};
use crate::logging::Access;
use crate::metrics::{InFlight, metrics};

/// The status of a request whose client went away before the answer; nginx uses the same.
const CLIENT_WENT_AWAY: u16 = 499;

/// The route of a request for which there is none, or none with this method.
const NO_ROUTE: &str = "none";

/// Logs and counts the request. The query is left out: it may hold what is nobody's business.
#[handler]
pub(crate) async fn log_access(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    // The router has spoken already when there is a status before anybody has handled the request.
    let route = if response.status_code.is_some() {
        NO_ROUTE.to_owned()
    } else {
        format!("/{}", request.matched_path())
    };
    let mut exchange = Exchange {
        start: Instant::now(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        route,
        status: CLIENT_WENT_AWAY,
        depot,
        in_flight: Some(metrics().http.begin()),
    };
    flow.call_next(request, exchange.depot, response).await;
    exchange.status = response.status_code.map_or(200, |status| status.as_u16());
    // An answer that is sent while it is made is in flight until its end.
    match response.take_body() {
        ResBody::Stream(body) => {
            let in_flight = exchange.in_flight.take();
            response.body(ResBody::stream(body.into_inner().map(move |frame| {
                let _held = &in_flight;
                frame
            })));
        }
        body => response.body = body,
    }
}

/// Told when it is dropped, so that a request that is given up is told too.
struct Exchange<'a> {
    start: Instant,
    method: Method,
    path: String,
    route: String,
    status: u16,
    depot: &'a mut Depot,
    in_flight: Option<InFlight>,
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        let duration = self.start.elapsed();
        metrics()
            .http
            .answered(&self.method, &self.route, self.status, duration);
        let access = Access {
            method: self.method.as_str(),
            path: &self.path,
            status: self.status,
            duration,
            request_id: request_id(self.depot),
            trace: trace(self.depot),
        };
        access.log();
    }
}
