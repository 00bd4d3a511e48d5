//! Renders the page, and sets its security headers.

use salvo::Response;
use salvo::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use salvo::http::{HeaderValue, StatusCode};

use super::fault::Rejected;
use super::greeting;
use super::html::Text;
use super::list::section;
use crate::answer;
use crate::assets::Asset;
use crate::database::{Failure, Recent, Window};
use crate::error::Error;

pub(crate) fn script() -> Asset {
    Asset::plain("text/javascript; charset=utf-8", include_bytes!("page.js"))
}

pub(crate) fn style() -> Asset {
    Asset::plain("text/css; charset=utf-8", include_bytes!("page.css"))
}

/// Allows only resources from this server, nothing inline, and no framing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The variable parts of the page.
pub(super) struct Page {
    pub(super) window: Window,
    pub(super) recent: Result<Recent, Error>,
    pub(super) rejected: Option<Rejected>,
}

impl Page {
    /// Renders the template.
    pub(super) fn html(&self) -> String {
        let text = self
            .rejected
            .as_ref()
            .map_or("", |rejected| rejected.text.as_str());
        let (state, message) = match &self.recent {
            Ok(_) => ("up", "MongoDB is available".to_owned()),
            Err(Error::Database(Failure::OutcomeUnknown)) => ("down", Failure::TimedOut.to_string()),
            Err(error) => ("down", error.detail()),
        };
        format!(
            include_str!("page.html"),
            greeting = Text(&greeting::line()),
            state = state,
            message = Text(&message),
            text = Text(text),
            invalid = self.rejected.is_some(),
            error = self.rejected.as_ref().map(Rejected::message).unwrap_or_default(),
            documents = section(self.window, self.recent.as_ref().ok()),
        )
    }
}

/// Responds with HTML.
pub(super) fn send(response: &mut Response, status: StatusCode, html: String) {
    answer::complete(response, status, greeting::HTML, html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    // `no-referrer` would hide the origin of the page's own form.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}
