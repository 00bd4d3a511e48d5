//! `POST /add`: the page's form. Redirects to the page, or shows the typed text with its fault.

use bson::oid::ObjectId;
use salvo::http::header::LOCATION;
use salvo::http::{HeaderValue, StatusCode};
use salvo::{Request, Response, handler};

use super::document::document_text;
use super::fault::Rejected;
use super::list::window;
use super::negotiation::is_browser;
use super::origin::is_cross_site;
use super::page::{self, Page};
use crate::conversion::NewId;
use crate::database::Database;
use crate::error::Error;
use crate::records::Bodies;

/// Stores the typed document, with the limits of `POST /data`.
pub(crate) struct Add {
    database: Database,
    bodies: Bodies,
}

impl Add {
    pub(crate) fn new(database: Database, bodies: Bodies) -> Self {
        Self { database, bodies }
    }

    async fn insert(&self, text: &str) -> Result<(), Error> {
        let limit = self.bodies.document_limit();
        if text.len() > limit {
            return Err(Error::BodyTooLarge { limit });
        }
        let new_id = NewId::IfMissing(ObjectId::new());
        let (document, reservation) = self.bodies.document(text.as_bytes(), new_id).await?;
        self.database.insert(document, reservation).await?;
        Ok(())
    }
}

#[handler]
impl Add {
    async fn handle(&self, request: &mut Request, response: &mut Response) -> Result<(), Error> {
        if is_cross_site(request.headers()) {
            return Err(Error::CrossSiteForm);
        }
        let form = self.bodies.read_form(request).await?;
        let text = document_text(&form).ok_or(Error::Form)?;
        let Err(error) = self.insert(&text).await else {
            redirect_to_page(response);
            return Ok(());
        };
        if !is_browser(request.headers()) {
            return Err(error);
        }
        let status = error.status();
        let window = window(request);
        // Do not query an unavailable MongoDB again: the visitor has waited once already.
        let recent = match &error {
            Error::Database(_) if status.is_server_error() => Err(error.clone()),
            _ => self.database.recent(window).await.map_err(Into::into),
        };
        let rejected = Some(Rejected { text, error });
        let page = Page {
            window,
            recent,
            rejected,
        };
        page::send(response, status, page.html());
        Ok(())
    }
}

/// Redirects a browser that opens the form's address directly.
#[handler]
pub(crate) fn back(response: &mut Response) {
    redirect_to_page(response);
}

fn redirect_to_page(response: &mut Response) {
    response.status_code(StatusCode::SEE_OTHER);
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_static("/"));
}
