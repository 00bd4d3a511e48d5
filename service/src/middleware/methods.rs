//! The supported methods of a path, for `OPTIONS` and 405.

use std::sync::Arc;

use salvo::http::header::ALLOW;
use salvo::http::{HeaderValue, Method, StatusCode};
use salvo::routing::PathState;
use salvo::{Request, Response, Router};

/// The methods that routes may use; `OPTIONS` is answered here for all of them.
const METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// The methods of the whole server, for `OPTIONS *`.
const SERVER_WIDE: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");

pub(super) struct Methods {
    router: Arc<Router>,
}

impl Methods {
    pub(super) fn new(router: Arc<Router>) -> Self {
        Self { router }
    }

    /// Queries the router for each method, so that there is no second list to maintain.
    async fn of_path(&self, request: &mut Request) -> String {
        let path = request.uri().path().to_owned();
        let original = request.method().clone();
        let mut allowed = Vec::new();
        for method in METHODS {
            *request.method_mut() = method.clone();
            let mut state = PathState::from_borrowed_path(&path);
            if self.router.detect(request, &mut state).await.is_some() {
                allowed.push(method);
            }
        }
        *request.method_mut() = original;
        allowed.push(Method::OPTIONS);
        let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
        names.join(", ")
    }

    /// Answers `OPTIONS`, and adds `Allow` to 405, for requests without a route.
    pub(super) async fn answer(&self, request: &mut Request, response: &mut Response) {
        let is_options = request.method() == Method::OPTIONS;
        let allow = if response.status_code == Some(StatusCode::METHOD_NOT_ALLOWED) {
            HeaderValue::from_str(&self.of_path(request).await).ok()
        } else if is_options && request.uri().path() == "*" {
            Some(SERVER_WIDE)
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
