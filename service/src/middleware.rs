//! Everything that happens around every request, whether or not it has a route.
//!
//! One handler calls the modules below as plain functions, because each link of `salvo`'s chain costs an allocation.

mod access;
mod methods;
mod requirements;
mod unread;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use salvo::http::header::{CACHE_CONTROL, CONNECTION, X_CONTENT_TYPE_OPTIONS};
use salvo::http::{HeaderValue, Version};
use salvo::{Depot, FlowCtrl, Request, Response, Router, Writer, handler};

use crate::draining::Draining;
use crate::error::Error;
use crate::problem::Problem;
use crate::{request_id, trace};

use access::Exchange;
use methods::Methods;

/// The one handler that wraps all routes.
pub(crate) struct Middleware {
    draining: Draining,
    methods: Methods,
}

impl Middleware {
    /// Takes the router to look up the methods of a path.
    pub(crate) fn new(draining: Draining, router: Arc<Router>) -> Self {
        Self {
            draining,
            methods: Methods::new(router),
        }
    }

    /// Calls the route, unless the request fails a requirement or has none.
    async fn serve(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        let has_route = response.status_code.is_none();
        if let Some(error) = requirements::unmet(request, has_route) {
            error.write(request, depot, response).await;
            flow.skip_rest();
        } else if has_route {
            flow.call_next(request, depot, response).await;
        } else {
            self.methods.answer(request, response).await;
        }
    }
}

#[handler]
impl Middleware {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        request_id::assign(request, depot, response);
        trace::join(request, depot, response);
        let exchange = Exchange::begin(request, depot, response);
        // A panicking handler leaves only its response half done, and that is replaced.
        let served = AssertUnwindSafe(self.serve(request, exchange.depot, response, flow));
        if served.catch_unwind().await.is_err() {
            flow.skip_rest();
            Error::Internal.write(request, exchange.depot, response).await;
        }
        describe_error(exchange.depot, response);
        unread::close(request, response);
        add_security_headers(response);
        exchange.end(response);
        if self.draining.has_begun() {
            close_connection(request, response);
        }
    }
}

/// Gives an error without a body, such as 404 and 405, its problem document.
fn describe_error(depot: &Depot, response: &mut Response) {
    let Some(status) = response.status_code else {
        return;
    };
    let is_error = status.is_client_error() || status.is_server_error();
    if is_error && (response.body.is_none() || response.body.is_error()) {
        Problem::of_status(status).write_to(depot, response);
    }
}

/// Keeps browsers from guessing a content type, and caches from keeping answers unless the handler allows it.
fn add_security_headers(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Makes this the last answer of its connection.
///
/// A client that reuses a connection just as the server closes it cannot tell whether its request was served. With
/// `Connection: close` it opens a new one, to a process that stays.
fn close_connection(request: &Request, response: &mut Response) {
    // HTTP/2 forbids the header.
    if request.version() <= Version::HTTP_11 {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
