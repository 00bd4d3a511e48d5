//! `POST /add`: the page's form. What was typed comes back with the fault, or the page with the document on top.

use bson::oid::ObjectId;
use salvo::http::header::LOCATION;
use salvo::http::{HeaderValue, StatusCode};
use salvo::{Request, Response, handler};

use super::document::typed;
use super::fault::Rejected;
use super::list::window;
use super::negotiation::is_browser;
use super::origin::is_cross_site;
use super::page::{self, Page};
use crate::conversion::NewId;
use crate::database::Database;
use crate::error::Error;
use crate::records::Bodies;

/// Stores what was typed, under the limits of `POST /data`.
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
        let text = typed(&form).ok_or(Error::Form)?;
        let Err(error) = self.insert(&text).await else {
            to_the_page(response);
            return Ok(());
        };
        if !is_browser(request.headers()) {
            return Err(error);
        }
        let status = error.status();
        let window = window(request);
        // A MongoDB that has just not answered is not asked again: the visitor has waited once.
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

/// Sends a browser that opens the form's address by itself to the page.
#[handler]
pub(crate) fn back(response: &mut Response) {
    to_the_page(response);
}

fn to_the_page(response: &mut Response) {
    response.status_code(StatusCode::SEE_OTHER);
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_static("/"));
}
