//! `GET /data`: all documents, sent while they are read, or a page of them.

use bson::Bson;
use salvo::http::{HeaderValue, Method, ResBody, StatusCode, header};
use salvo::{Depot, Request, Response, handler};

use super::cursor::Cursors;
use super::form::{self, Form};
use super::parameters::{self, QueryFault, Selection};
use super::stream;
use super::text::{Text, Unwritable};
use crate::answer;
use crate::database::{Database, Page};
use crate::error::Error;
use crate::hoops;

/// Sends documents without their `_id`, as an array or as lines.
#[derive(Clone)]
pub(crate) struct List {
    database: Database,
}

impl List {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Reply by reply, so that memory does not grow with the collection.
    async fn all(&self, form: Form, request_id: &str, response: &mut Response) -> Result<(), Error> {
        // The first reply is awaited here: until then the answer can still be an error.
        let batches = self.database.read_all().await?;
        let chunks = stream::chunks(batches, form, request_id.to_owned());
        response.status_code(StatusCode::OK);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, form.content_type());
        response.body(ResBody::stream(chunks));
        Ok(())
    }

    /// As a whole: it is one reply of MongoDB, and its end is known before it is sent.
    async fn page(
        &self,
        form: Form,
        limit: u32,
        after: Option<&str>,
        response: &mut Response,
    ) -> Result<(), Error> {
        let cursors = Cursors::new(self.database.sealing_key().await?);
        let after: Option<Bson> = match after {
            Some(after) => Some(cursors.read(after).ok_or(QueryFault::After)?),
            None => None,
        };
        let page = self.database.read_page(after, limit).await?;
        if let Some(link) = next(&page, limit, &cursors)? {
            response.headers_mut().insert(header::LINK, link);
        }
        let body = write(&page, form).map_err(|_| Error::Internal)?;
        answer::complete(response, StatusCode::OK, form.content_type(), body);
        Ok(())
    }
}

fn write(page: &Page, form: Form) -> Result<Vec<u8>, Unwritable> {
    let (mut text, mut body) = (Text::new(form), Vec::new());
    text.write(page.documents(), &mut body)?;
    body.extend(text.end().as_bytes());
    Ok(body)
}

/// Relative, as the name under which clients reach this service is not known here.
fn next(page: &Page, limit: u32, cursors: &Cursors) -> Result<Option<HeaderValue>, Error> {
    let Some(id) = page.next() else {
        return Ok(None);
    };
    let after = cursors.write(id.clone()).ok_or(Error::Internal)?;
    let link = format!("</data?limit={limit}&after={after}>; rel=\"next\"");
    HeaderValue::try_from(link).map(Some).map_err(|_| Error::Internal)
}

#[handler]
impl List {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
    ) -> Result<(), Error> {
        // Said for refusals too: another `Accept` has another answer.
        let vary = HeaderValue::from_static("accept");
        response.headers_mut().insert(header::VARY, vary);
        let form = form::requested(request.headers(), &Form::ALL)?;
        match parameters::selection(request.uri().query().unwrap_or_default())? {
            // The headers say nothing about the documents: that MongoDB answers is all there is to find out.
            Selection::All if request.method() == Method::HEAD => {
                self.database.check().await?;
                response.status_code(StatusCode::OK);
                response
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, form.content_type());
                Ok(())
            }
            Selection::All => self.all(form, hoops::request_id(depot), response).await,
            Selection::Page { limit, after } => self.page(form, limit, after.as_deref(), response).await,
        }
    }
}
