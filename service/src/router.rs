//! The table of contents: which path is served by which handler, and what happens around every request.

use std::sync::Arc;

use salvo::{Router, Service};

use crate::configuration::Http;
use crate::database::{Database, Readiness};
use crate::home::greet;
use crate::hoops;
use crate::probes::{Health, Readyz, livez};
use crate::records::{Insert, List};

/// Builds the API. Hooks stand on the service, as those of a router do not run for 404 and 405.
#[must_use]
pub fn router(database: &Database, readiness: &Arc<Readiness>, http: &Http) -> Service {
    let list = List::new(database.clone());
    let insert = Insert::new(database.clone(), http);
    let health = Health::new(database.clone());
    let readyz = Readyz::new(Arc::clone(readiness));

    let router = Router::new()
        .get(greet)
        .head(greet)
        .push(
            Router::with_path("data")
                .get(list.clone())
                .head(list)
                .post(insert),
        )
        .push(Router::with_path("health").get(health.clone()).head(health))
        .push(Router::with_path("livez").get(livez).head(livez))
        .push(Router::with_path("readyz").get(readyz.clone()).head(readyz));

    around(router).hoop(hoops::CloseWhileDraining::new(Arc::clone(readiness)))
}

/// Puts around a router what belongs around every request.
#[must_use]
pub fn around(router: Router) -> Service {
    Service::new(router)
        .hoop(hoops::identify)
        .hoop(hoops::log_access)
        .hoop(hoops::describe_errors)
        .hoop(hoops::catch_panics)
        .hoop(hoops::require_host)
}
