//! The routes of the API.

use std::sync::Arc;

use salvo::{Router, Service};

use crate::assets::Asset;
use crate::configuration::Http;
use crate::database::{Database, Readiness};
use crate::description;
use crate::home::{self, Add, Home, RecentDocuments};
use crate::middleware::Middleware;
use crate::probes::{Health, Readyz, livez, metrics};
use crate::records::{Bodies, Insert, List};

/// Builds the API. The middleware is attached to the service, because `salvo` skips a router's middleware on 404 and
/// 405.
pub(crate) fn router(database: &Database, readiness: &Arc<Readiness>, http: &Http) -> Service {
    with_middleware(routes(database, readiness, http), readiness)
}

fn routes(database: &Database, readiness: &Arc<Readiness>, http: &Http) -> Router {
    let list = List::new(database.clone());
    let bodies = Bodies::new(http);
    let insert = Insert::new(database.clone(), bodies.clone());
    let health = Health::new(database.clone());
    let readyz = Readyz::new(Arc::clone(readiness));
    let home = Home::new(database.clone());
    let recently = RecentDocuments::new(database.clone());
    let add = Add::new(database.clone(), bodies);

    Router::new()
        .get(home.clone())
        .head(home)
        .push(
            Router::with_path("data")
                .get(list.clone())
                .head(list)
                .post(insert),
        )
        .push(Router::with_path("health").get(health.clone()).head(health))
        .push(Router::with_path("livez").get(livez).head(livez))
        .push(Router::with_path("readyz").get(readyz.clone()).head(readyz))
        .push(Router::with_path("metrics").get(metrics).head(metrics))
        .push(Router::with_path("recent").get(recently.clone()).head(recently))
        .push(
            Router::with_path("add")
                .get(home::back)
                .head(home::back)
                .post(add),
        )
        .push(file("page.js", home::script()))
        .push(file("page.css", home::style()))
        .push(file("openapi.json", description::openapi()))
        .push(
            file("docs", description::page())
                .push(file("start.js", description::starter()))
                .push(file("swagger-ui.js", description::script()))
                .push(file("swagger-ui.css", description::style())),
        )
}

fn with_middleware(router: Router, readiness: &Arc<Readiness>) -> Service {
    let router = Arc::new(router);
    let middleware = Middleware::new(Arc::clone(readiness), Arc::clone(&router));
    Service::new(router).hoop(middleware)
}

fn file(path: &str, asset: Asset) -> Router {
    Router::with_path(path).get(asset.clone()).head(asset)
}

#[cfg(test)]
mod tests;
