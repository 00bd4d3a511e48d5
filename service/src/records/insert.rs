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

/// Stores the document unchanged, with its own `_id` if it has one, as MongoDB's Python driver does.
///
/// With an `Idempotency-Key`, a document is stored only once, however often it is sent.
pub(crate) struct Insert {
    database: Database,
    bodies: Bodies,
}

/// The sample's response, with its order of keys.
#[derive(Serialize)]
struct Inserted {
    status: &'static str,
    id: String,
}

impl Insert {
    pub(crate) fn new(database: Database, bodies: Bodies) -> Self {
        Self { database, bodies }
    }

    /// Stores a document under the key's `_id`. An existing document with this `_id` must be equal.
    async fn insert_once(
        &self,
        id: ObjectId,
        document: RawDocumentBuf,
        reservation: Option<OwnedSemaphorePermit>,
    ) -> Result<Bson, Error> {
        match self.database.insert(document.clone(), reservation).await {
            Err(Failure::DuplicateId) => match self.database.find(id).await? {
                // As durable as its own insert: MongoDB waits for its journal before it reports a duplicate.
                Some(stored) if stored == document => Ok(Bson::ObjectId(id)),
                Some(_) => Err(Error::IdempotencyKeyReused),
                // The document was deleted between the two calls.
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
        // Check everything in the head before reading or storing.
        format::requested(request.headers(), &[Format::Json])?;
        parameters::none(request.uri().query().unwrap_or_default())?;
        let key_id = idempotency::id(request.headers())?;
        let body = self.bodies.read_json(request).await?;
        let new_id = key_id.map_or_else(|| NewId::IfMissing(ObjectId::new()), NewId::Required);
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
