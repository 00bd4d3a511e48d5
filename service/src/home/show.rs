//! `GET /`: the page for browsers, the welcome line for other clients.

use salvo::http::header::VARY;
use salvo::http::{HeaderValue, StatusCode};
use salvo::{Request, Response, handler};

use super::greeting::greet;
use super::list::window;
use super::negotiation::is_browser;
use super::page::{self, Page};
use crate::database::Database;

/// Shows the newest documents, or that MongoDB is unavailable.
#[derive(Clone)]
pub(crate) struct Home {
    database: Database,
}

impl Home {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

#[handler]
impl Home {
    async fn handle(&self, request: &mut Request, response: &mut Response) {
        response
            .headers_mut()
            .insert(VARY, HeaderValue::from_static("accept"));
        if !is_browser(request.headers()) {
            greet(response);
            return;
        }
        let window = window(request);
        let recent = self.database.recent(window).await.map_err(Into::into);
        let page = Page {
            window,
            recent,
            rejected: None,
        };
        page::send(response, StatusCode::OK, page.html());
    }
}
