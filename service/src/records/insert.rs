//! `POST /data`: stores a document.

use salvo::http::StatusCode;
use salvo::{Request, Response, handler};
use serde::Serialize;

use super::body;
use crate::answer;
use crate::configuration::Http;
use crate::conversion::{document_from_json, id_text};
use crate::database::Database;
use crate::error::Error;

/// Stores what it is sent, unchanged. An `_id` in the document is kept, as MongoDB's Python driver does.
pub(crate) struct Insert {
    database: Database,
    http: Http,
}

/// The sample's answer, keys in this order.
#[derive(Serialize)]
struct Inserted {
    status: &'static str,
    id: String,
}

impl Insert {
    pub(crate) fn new(database: Database, http: &Http) -> Self {
        Self {
            database,
            http: *http,
        }
    }
}

#[handler]
impl Insert {
    async fn handle(&self, request: &mut Request, response: &mut Response) -> Result<(), Error> {
        let body = body::read_json(request, &self.http).await?;
        let document = document_from_json(&body)?;
        let id = self.database.insert(&document).await?;
        let inserted = Inserted {
            status: "Data inserted",
            id: id_text(&id),
        };
        let text = serde_json::to_vec(&inserted).map_err(|_| Error::Internal)?;
        answer::complete(response, StatusCode::CREATED, answer::JSON, text);
        Ok(())
    }
}
