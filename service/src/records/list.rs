//! `GET /data`: all documents as one JSON array, sent while they are read.

use salvo::http::{Method, ResBody, StatusCode, header};
use salvo::{Depot, Request, Response, handler};

use super::array;
use crate::answer;
use crate::database::Database;
use crate::error::Error;
use crate::hoops;

/// Sends the array reply by reply, so that memory does not grow with the collection.
#[derive(Clone)]
pub(crate) struct List {
    database: Database,
}

impl List {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

#[handler]
impl List {
    async fn handle(
        &self,
        request: &Request,
        depot: &mut Depot,
        response: &mut Response,
    ) -> Result<(), Error> {
        if request.method() == Method::HEAD {
            // The headers say nothing about the documents: that MongoDB answers is all there is to find out.
            self.database.check().await?;
            response.status_code(StatusCode::OK);
            response.headers_mut().insert(header::CONTENT_TYPE, answer::JSON);
            return Ok(());
        }
        // The first reply is awaited here: until then the answer can still be an error.
        let batches = self.database.read_all().await?;
        let array = array::chunks(batches, hoops::request_id(depot).to_owned());
        response.status_code(StatusCode::OK);
        response.headers_mut().insert(header::CONTENT_TYPE, answer::JSON);
        response.body(ResBody::stream(array));
        Ok(())
    }
}
