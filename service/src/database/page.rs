//! Reads a page of documents in `_id` order with a single MongoDB reply.

use bson::{Bson, Document, RawBsonRef, RawDocumentBuf, doc};
use futures::StreamExt as _;
use mongodb::Collection;
use mongodb::options::Hint;
use mongodb::raw_batch_cursor::RawBatch;

use super::admission::Slot;
use super::call::bounded;
use super::{CALL_TIMEOUT, Failure};

/// The documents of a page as raw BSON.
pub(crate) struct Page {
    batch: RawBatch,
    documents: usize,
    next: Option<Bson>,
}

impl Page {
    /// Reads up to `limit` documents whose `_id` sorts after `after`.
    ///
    /// The aggregation operator `$gt` compares across BSON types; the query operator stays within one.
    pub(super) async fn read(
        collection: Collection<RawDocumentBuf>,
        slot: Slot,
        addresses: &str,
        after: Option<Bson>,
        limit: u32,
    ) -> Result<Self, Failure> {
        // One extra document tells whether there is a next page.
        let wanted = limit.saturating_add(1);
        let find = async move {
            let order = doc! { "_id": 1 };
            let filter = after.map_or_else(Document::new, |id| {
                doc! { "$expr": { "$gt": ["$_id", { "$literal": id }] } }
            });
            let find = collection
                .find(filter)
                .hint(Hint::Keys(order.clone()))
                .sort(order)
                .limit(i64::from(wanted))
                .batch_size(wanted)
                .max_time(CALL_TIMEOUT);
            // Only the first reply is used. MongoDB ends it at 16 MiB, so a page may end early.
            find.batch().await?.next().await.transpose()
        };
        let batch = match bounded("find", slot, find).await {
            Ok(batch) => batch.ok_or(Failure::Internal)?,
            Err(error) => return Err(error.read_failure(addresses)),
        };
        let (documents, next) = ends(&batch, limit).ok_or(Failure::Internal)?;
        Ok(Self {
            batch,
            documents,
            next,
        })
    }

    /// Returns the documents including their `_id`.
    pub(crate) fn documents(&self) -> impl Iterator<Item = bson::error::Result<RawBsonRef<'_>>> {
        let batch = self.batch.doc_slices().ok();
        batch.into_iter().flatten().take(self.documents)
    }

    /// Returns the `_id` that the next page starts after, if there is a next page.
    pub(crate) fn next(&self) -> Option<&Bson> {
        self.next.as_ref()
    }
}

/// Returns the number of documents on the page, and the last `_id` if there are more.
fn ends(batch: &RawBatch, limit: u32) -> Option<(usize, Option<Bson>)> {
    let cursor = batch
        .as_raw_document()
        .get_document("cursor")
        .ok()?
        .get_i64("id")
        .ok()?;
    let limit = usize::try_from(limit).ok()?;
    let all = batch.doc_slices().ok()?.into_iter().count();
    let documents = all.min(limit);
    if all <= limit && cursor == 0 {
        return Some((documents, None));
    }
    let last = batch
        .doc_slices()
        .ok()?
        .into_iter()
        .nth(documents.checked_sub(1)?)?;
    let id = last.ok()?.as_document()?.get("_id").ok()??;
    Some((documents, Some(Bson::try_from(id).ok()?)))
}
