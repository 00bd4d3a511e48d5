//! The OpenAPI document, and Swagger UI without external resources.

use crate::assets::Asset;

/// Swagger UI sets inline styles and embeds its icons; it loads nothing from other origins.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// `/openapi.json`, maintained by hand. Tests compare it with the router and with actual responses.
pub(crate) fn openapi() -> Asset {
    Asset::plain("application/json", include_bytes!("description/openapi.json"))
}

pub(crate) fn page() -> Asset {
    Asset::plain(
        "text/html; charset=utf-8",
        include_bytes!("description/page.html"),
    )
    .with_policy(POLICY)
}

/// Starts Swagger UI, from its own file because the policy forbids inline scripts.
pub(crate) fn starter() -> Asset {
    Asset::plain(
        "text/javascript; charset=utf-8",
        include_bytes!("description/start.js"),
    )
}

pub(crate) fn script() -> Asset {
    Asset::compressed(
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz")),
    )
}

pub(crate) fn style() -> Asset {
    Asset::compressed(
        "text/css; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz")),
    )
}
