//! Which methods a path takes: asked by `OPTIONS`, and told with every 405.

use std::sync::Arc;

use salvo::http::header::ALLOW;
use salvo::http::{HeaderValue, Method, StatusCode};
use salvo::routing::PathState;
use salvo::{Request, Response, Router};

/// What a route can be made for; `OPTIONS` is answered here, for all of them.
const METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// The answer about the server as a whole: `OPTIONS *`.
const OF_THE_SERVER: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");

/// Knows which methods a path takes.
pub(super) struct Methods {
    router: Arc<Router>,
}

impl Methods {
    pub(super) fn new(router: Arc<Router>) -> Self {
        Self { router }
    }

    /// Asks the router for each method, so that there is no second list of what it takes.
    async fn of_path(&self, request: &mut Request) -> String {
        let path = request.uri().path().to_owned();
        let asked = request.method().clone();
        let mut allowed = Vec::new();
        for method in METHODS {
            *request.method_mut() = method.clone();
            let mut state = PathState::from_borrowed_path(&path);
            if self.router.detect(request, &mut state).await.is_some() {
                allowed.push(method);
            }
        }
        *request.method_mut() = asked;
        allowed.push(Method::OPTIONS);
        let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
        names.join(", ")
    }

    /// Answers `OPTIONS`, and adds `Allow` to 405, for a request that has no route.
    pub(super) async fn answer(&self, request: &mut Request, response: &mut Response) {
        let is_options = request.method() == Method::OPTIONS;
        let allow = if response.status_code == Some(StatusCode::METHOD_NOT_ALLOWED) {
            HeaderValue::from_str(&self.of_path(request).await).ok()
        } else if is_options && request.uri().path() == "*" {
            Some(OF_THE_SERVER)
        } else {
            None
        };
        let Some(allow) = allow else { return };
        response.headers_mut().insert(ALLOW, allow);
        if is_options {
            response.status_code(StatusCode::NO_CONTENT);
        }
    }
}
