//! A read of the whole collection, reply by reply: memory holds one reply, whatever the number of documents.

use std::sync::Arc;

use bson::doc;
use futures::StreamExt as _;
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};

use super::Failure;
use super::admission::{Admission, Slot};
use super::call::bounded;
use super::connection::Connection;

/// How many documents a reply holds at most; MongoDB ends a reply at 16 MiB too.
const DOCUMENTS_PER_BATCH: u32 = 1000;

/// An open read. Dropping it closes the cursor on the server.
pub(crate) struct Batches {
    cursor: RawBatchCursor,
    admission: Arc<Admission>,
    connection: Arc<Connection>,
    /// Given back when the read ends or is given up.
    list: Slot,
}

impl Batches {
    pub(super) async fn open(
        connection: Arc<Connection>,
        slot: Slot,
        list: Slot,
        admission: Arc<Admission>,
    ) -> Result<Self, Failure> {
        let collection = connection.collection.clone();
        // No `maxTimeMS`: MongoDB counts it over all replies of a cursor, so it would bound the size of the collection.
        let find = async move {
            collection
                .find(doc! {})
                .projection(doc! { "_id": 0 })
                .batch_size(DOCUMENTS_PER_BATCH)
                .batch()
                .await
        };
        match bounded("find", slot, find).await {
            Ok(cursor) => Ok(Self {
                cursor,
                admission,
                connection,
                list,
            }),
            Err(error) => Err(error.read_failure(&connection.addresses)),
        }
    }

    /// Waits for the next reply; returns it with what is left to read, or `None` after the last one.
    ///
    /// # Errors
    /// Says why the reply did not come.
    pub(crate) async fn next(self) -> Result<Option<(RawBatch, Self)>, Failure> {
        let Self {
            mut cursor,
            admission,
            connection,
            list,
        } = self;
        let slot = admission.acquire_continuation().await?;
        let next = async move {
            let batch = cursor.next().await.transpose()?;
            Ok(batch.map(|batch| (batch, cursor)))
        };
        match bounded("getMore", slot, next).await {
            Ok(next) => Ok(next.map(|(batch, cursor)| {
                let rest = Self {
                    cursor,
                    admission,
                    connection,
                    list,
                };
                (batch, rest)
            })),
            Err(error) => Err(error.read_failure(&connection.addresses)),
        }
    }
}
