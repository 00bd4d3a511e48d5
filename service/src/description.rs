//! What the service says about itself: the OpenAPI document, and Swagger UI that shows it without any other server.

use crate::assets::Asset;

/// Swagger UI sets styles from its script, and draws icons from its style; it loads nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// `/openapi.json`. Kept by hand: tests hold it to the router and to what the service answers.
pub(crate) fn openapi() -> Asset {
    Asset::plain("application/json", include_bytes!("description/openapi.json"))
}

/// `/docs`.
pub(crate) fn page() -> Asset {
    Asset::plain(
        "text/html; charset=utf-8",
        include_bytes!("description/page.html"),
    )
    .with_policy(POLICY)
}

/// Starts Swagger UI; a script of its own, so that the page has none inside.
pub(crate) fn starter() -> Asset {
    Asset::plain(
        "text/javascript; charset=utf-8",
        include_bytes!("description/start.js"),
    )
}

/// The script of Swagger UI.
pub(crate) fn script() -> Asset {
    Asset::packed(
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz")),
    )
}

/// The style of Swagger UI.
pub(crate) fn style() -> Asset {
    Asset::packed(
        "text/css; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz")),
    )
}
