//! `GET /data`: all documents as a stream, or a page of them.

use bson::Bson;
use salvo::http::{HeaderValue, Method, ResBody, StatusCode, header};
use salvo::{Depot, Request, Response, handler};

use super::cursor::Cursors;
use super::format::{self, Format};
use super::list_writer::{ListWriter, SerializationError};
use super::parameters::{self, Selection};
use super::stream;
use crate::answer;
use crate::database::{Database, Page};
use crate::error::{Error, QueryError};
use crate::request_id::request_id;

/// Sends documents without their `_id`.
#[derive(Clone)]
pub(crate) struct List {
    database: Database,
}

impl List {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Streams batch by batch, so that memory does not grow with the collection.
    async fn all(&self, format: Format, request_id: &str, response: &mut Response) -> Result<(), Error> {
        // Wait for the first batch: until then the response can still become an error.
        let batches = self.database.read_all().await?;
        let chunks = stream::chunks(batches, format, request_id.to_owned());
        response.status_code(StatusCode::OK);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, format.content_type());
        response.body(ResBody::stream(chunks));
        Ok(())
    }

    /// Sends a page as a whole, because it is a single MongoDB reply.
    async fn page(
        &self,
        format: Format,
        limit: u32,
        after: Option<&str>,
        response: &mut Response,
    ) -> Result<(), Error> {
        let cursors = Cursors::new(self.database.signing_key().await?);
        let after: Option<Bson> = match after {
            Some(after) => Some(cursors.read(after).ok_or(QueryError::After)?),
            None => None,
        };
        let page = self.database.read_page(after, limit).await?;
        if let Some(link) = next(&page, limit, &cursors)? {
            response.headers_mut().insert(header::LINK, link);
        }
        let body = write(&page, format).map_err(|_| Error::Internal)?;
        answer::complete(response, StatusCode::OK, format.content_type(), body);
        Ok(())
    }
}

fn write(page: &Page, format: Format) -> Result<Vec<u8>, SerializationError> {
    let (mut text, mut body) = (ListWriter::new(format), Vec::new());
    text.write(page.documents(), &mut body)?;
    body.extend(text.end().as_bytes());
    Ok(body)
}

/// A relative link, because the client's name for this service is unknown.
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
        // Also on refusals: another `Accept` leads to another response.
        let vary = HeaderValue::from_static("accept");
        response.headers_mut().insert(header::VARY, vary);
        let format = format::requested(request.headers(), &Format::ALL)?;
        match parameters::selection(request.uri().query().unwrap_or_default())? {
            // The headers do not depend on the documents, so it is enough that MongoDB is available.
            Selection::All if request.method() == Method::HEAD => {
                self.database.check().await?;
                response.status_code(StatusCode::OK);
                response
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, format.content_type());
                Ok(())
            }
            Selection::All => self.all(format, request_id(depot), response).await,
            Selection::Page { limit, after } => self.page(format, limit, after.as_deref(), response).await,
        }
    }
}
