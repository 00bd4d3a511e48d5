//! Reads the whole collection batch by batch: memory holds one batch, regardless of the collection's size.

use std::sync::Arc;

use bson::doc;
use futures::StreamExt as _;
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};

use super::Failure;
use super::admission::{Admission, Slot};
use super::call::bounded;
use super::connection::Connection;

/// The maximum batch size in documents; MongoDB also limits a batch to 16 MiB.
const DOCUMENTS_PER_BATCH: u32 = 1000;

/// A read in progress. Dropping it closes the cursor on the server.
pub(crate) struct Batches {
    cursor: RawBatchCursor,
    admission: Arc<Admission>,
    connection: Arc<Connection>,
    /// Released when the read ends or is abandoned.
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
        // No `maxTimeMS`: MongoDB applies it to the cursor's total time, so it would limit the size of the collection.
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

    /// Returns the next batch and the rest of the read, or `None` at the end.
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
