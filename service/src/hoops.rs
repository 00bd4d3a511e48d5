//! What happens around every request, whether a route was found or not.
//!
//! One handler does all of it, as each link of `salvo`'s chain costs an allocation; what it does stands in the modules below.

mod access;
mod draining;
mod methods;
mod panics;
mod problems;
mod protection;
mod request_id;
mod requirements;
mod trace;
mod unread;

use std::sync::Arc;

use salvo::{Depot, FlowCtrl, Request, Response, Router, Writer, handler};

use crate::database::Readiness;
use crate::error::Error;

use access::Exchange;
use methods::Methods;

pub(crate) use request_id::{request_id, trace};
pub(crate) use trace::Trace;
pub(crate) use unread::BodyRead;

/// Stands around the routes.
pub(crate) struct Around {
    readiness: Arc<Readiness>,
    methods: Methods,
}

impl Around {
    /// `router` is asked which methods a path takes.
    pub(crate) fn new(readiness: Arc<Readiness>, router: Arc<Router>) -> Self {
        Self {
            readiness,
            methods: Methods::new(router),
        }
    }

    /// Lets a route serve the request, unless it is one that no route is made for.
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
            self.methods.tell(request, response).await;
        }
    }
}

#[handler]
impl Around {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        request_id::identify(request, depot, response);
        let exchange = Exchange::begin(request, depot, response);
        if panics::caught(self.serve(request, exchange.depot, response, flow)).await {
            flow.skip_rest();
            Error::Internal.write(request, exchange.depot, response).await;
        }
        problems::describe(exchange.depot, response);
        unread::close(request, response);
        protection::protect(response);
        exchange.end(response);
        draining::close(request, response, &self.readiness);
    }
}
