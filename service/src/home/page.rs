//! The page: one template, filled in here, and the headers that keep everything foreign out of it.

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

/// The page's script.
pub(crate) fn script() -> Asset {
    Asset::plain("text/javascript; charset=utf-8", include_bytes!("page.js"))
}

/// The page's style.
pub(crate) fn style() -> Asset {
    Asset::plain("text/css; charset=utf-8", include_bytes!("page.css"))
}

/// Only what this server sends, nothing that stands in the page itself, and in no frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What a page shows besides itself.
pub(super) struct Page {
    pub(super) window: Window,
    pub(super) recent: Result<Recent, Error>,
    pub(super) rejected: Option<Rejected>,
}

impl Page {
    /// Fills in the template.
    pub(super) fn html(&self) -> String {
        let text = self
            .rejected
            .as_ref()
            .map_or("", |rejected| rejected.text.as_str());
        let (state, said) = match &self.recent {
            Ok(_) => ("up", "MongoDB answers".to_owned()),
            Err(Error::Database(Failure::OutcomeUnknown)) => ("down", Failure::TimedOut.to_string()),
            Err(error) => ("down", error.detail()),
        };
        format!(
            include_str!("page.html"),
            greeting = Text(&greeting::line()),
            state = state,
            said = Text(&said),
            text = Text(text),
            invalid = self.rejected.is_some(),
            error = self.rejected.as_ref().map(Rejected::message).unwrap_or_default(),
            documents = section(self.window, self.recent.as_ref().ok()),
        )
    }
}

/// Answers with HTML.
pub(super) fn send(response: &mut Response, status: StatusCode, html: String) {
    answer::complete(response, status, greeting::HTML, html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    // With `no-referrer` a browser would hide the origin of the page's own form.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}
