//! The newest documents and their total number, for the page. Reads a single MongoDB reply.

use bson::doc;
use bson::raw::RawDocumentBuf;
use futures::StreamExt as _;
use mongodb::Collection;

use super::call::{CALL_TIMEOUT, bounded};
use super::{Database, Failure};

/// A range of documents, counted from the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) skip: u32,
    pub(crate) limit: u32,
}

/// Documents with their `_id`, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    /// Fewer than the window's limit if they do not fit in one reply.
    pub(crate) documents: Vec<RawDocumentBuf>,
    /// The collection's size from MongoDB's metadata.
    pub(crate) count: u64,
    /// Whether older documents exist.
    pub(crate) more: bool,
}

impl Database {
    /// Reads the newest documents in reverse natural order. Sorting by `_id` would never put a document with a
    /// client-defined `_id` on top.
    pub(crate) async fn recent(&self, window: Window) -> Result<Recent, Failure> {
        let (slot, connection) = self.begin().await?;
        let collection = connection.collection.clone();
        let both = async move { Ok((read(&collection, window).await?, count(&collection).await?)) };
        let (mut documents, count) = bounded("recent", slot, both)
            .await
            .map_err(|error| error.read_failure(&connection.addresses))?;
        // Beyond the last document nothing was seen.
        let seen = match documents.len() as u64 {
            0 => 0,
            read => u64::from(window.skip) + read,
        };
        documents.truncate(window.limit as usize);
        let end = u64::from(window.skip) + documents.len() as u64;
        Ok(Recent {
            // The metadata may lag behind, and a full reply ends before the window does.
            more: !documents.is_empty() && (seen > end || count > end),
            count: count.max(seen),
            documents,
        })
    }
}

/// Reads one document beyond the window, to learn whether it exists.
async fn read(
    collection: &Collection<RawDocumentBuf>,
    window: Window,
) -> mongodb::error::Result<Vec<RawDocumentBuf>> {
    let mut cursor = collection
        .find(doc! {})
        .sort(doc! { "$natural": -1 })
        .skip(window.skip.into())
        .limit(i64::from(window.limit) + 1)
        .max_time(CALL_TIMEOUT)
        .batch()
        .await?;
    let Some(batch) = cursor.next().await.transpose()? else {
        return Ok(Vec::new());
    };
    let mut documents = Vec::new();
    for element in batch.doc_slices()? {
        if let Some(document) = element?.as_document() {
            documents.push(document.to_owned());
        }
    }
    Ok(documents)
}

async fn count(collection: &Collection<RawDocumentBuf>) -> mongodb::error::Result<u64> {
    collection.estimated_document_count().max_time(CALL_TIMEOUT).await
}
