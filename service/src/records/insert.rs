//! `POST /data`: stores a document.

use bson::oid::ObjectId;
use bson::{Bson, RawDocumentBuf};
use salvo::http::StatusCode;
use salvo::{Request, Response, handler};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use super::format::{self, Format};
use super::{Bodies, idempotency, parameters};
use crate::answer;
use crate::conversion::{NewId, id_text};
use crate::database::{Database, Failure};
use crate::error::Error;

/// Stores what it is sent, unchanged. An `_id` in the document is kept, as MongoDB's Python driver does.
///
/// With an `Idempotency-Key`, the document is stored once, however often it is sent.
pub(crate) struct Insert {
    database: Database,
    bodies: Bodies,
}

/// The sample's answer, keys in this order.
#[derive(Serialize)]
struct Inserted {
    status: &'static str,
    id: String,
}

impl Insert {
    pub(crate) fn new(database: Database, bodies: Bodies) -> Self {
        Self { database, bodies }
    }

    /// Stores a document whose `_id` belongs to a key. What is there already under this `_id` must be the same document.
    async fn insert_once(
        &self,
        id: ObjectId,
        document: RawDocumentBuf,
        reservation: Option<OwnedSemaphorePermit>,
    ) -> Result<Bson, Error> {
        match self.database.insert(document.clone(), reservation).await {
            Err(Failure::DuplicateId) => match self.database.find(id).await? {
                // Confirmed as its own insert would be: MongoDB waits for its journal before it refuses the second one.
                Some(stored) if stored == document => Ok(Bson::ObjectId(id)),
                Some(_) => Err(Error::IdempotencyKeyReused),
                // Somebody has deleted it between the two calls.
                None => Err(Failure::DuplicateId.into()),
            },
            Err(Failure::OutcomeUnknown) => Err(Error::RetryWithKey),
            inserted => Ok(inserted?),
        }
    }
}

#[handler]
impl Insert {
    async fn handle(&self, request: &mut Request, response: &mut Response) -> Result<(), Error> {
        // All that the head can be refused for, before anything is read or stored.
        format::requested(request.headers(), &[Format::Json])?;
        parameters::none(request.uri().query().unwrap_or_default())?;
        let key_id = idempotency::id(request.headers())?;
        let body = self.bodies.read_json(request).await?;
        let new_id = key_id.map_or_else(|| NewId::Spare(ObjectId::new()), NewId::Fixed);
        let (document, reservation) = self.bodies.document(&body, new_id).await?;
        let id = match key_id {
            Some(id) => self.insert_once(id, document, reservation).await?,
            None => self.database.insert(document, reservation).await?,
        };
        let inserted = Inserted {
            status: "Data inserted",
            id: id_text(&id),
        };
        let text = serde_json::to_vec(&inserted).map_err(|_| Error::Internal)?;
        answer::complete(response, StatusCode::CREATED, answer::JSON, text);
        Ok(())
    }
}
