//! The routes of the API.

use std::sync::Arc;

use salvo::{Handler, Router, Service};

use crate::configuration::Http;
use crate::database::Database;
use crate::description;
use crate::draining::Draining;
use crate::home::{self, Add, Home, RecentDocuments};
use crate::middleware::Middleware;
use crate::probes::{Health, Readyz, livez, metrics};
use crate::records::{Bodies, Insert, List};

/// Builds the API. The middleware is attached to the service, because `salvo` skips a router's middleware on 404 and 405.
pub(crate) fn router(database: &Database, draining: &Draining, http: &Http) -> Service {
    with_middleware(routes(database, draining, http), draining)
}

fn routes(database: &Database, draining: &Draining, http: &Http) -> Router {
    let bodies = Bodies::new(http);
    let home = Home::new(database.clone());
    Router::new()
        .get(home.clone())
        .head(home)
        .push(
            readable("data", List::new(database.clone())).post(Insert::new(database.clone(), bodies.clone())),
        )
        .push(readable("health", Health::new(database.clone())))
        .push(Router::with_path("livez").get(livez).head(livez))
        .push(readable(
            "readyz",
            Readyz::new(database.clone(), draining.clone()),
        ))
        .push(Router::with_path("metrics").get(metrics).head(metrics))
        .push(readable("recent", RecentDocuments::new(database.clone())))
        .push(
            Router::with_path("add")
                .get(home::back)
                .head(home::back)
                .post(Add::new(database.clone(), bodies)),
        )
        .push(readable("page.js", home::script()))
        .push(readable("page.css", home::style()))
        .push(readable("openapi.json", description::openapi()))
        .push(
            readable("docs", description::page())
                .push(readable("start.js", description::starter()))
                .push(readable("swagger-ui.js", description::script()))
                .push(readable("swagger-ui.css", description::style())),
        )
}

/// Serves a path by GET and HEAD.
fn readable(path: &str, handler: impl Handler + Clone) -> Router {
    Router::with_path(path).get(handler.clone()).head(handler)
}

fn with_middleware(router: Router, draining: &Draining) -> Service {
    let router = Arc::new(router);
    let middleware = Middleware::new(draining.clone(), Arc::clone(&router));
    Service::new(router).hoop(middleware)
}

#[cfg(test)]
mod tests;
