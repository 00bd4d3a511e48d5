//! The newest documents and how many there are: what a page shows. It is one reply of MongoDB, whatever that holds.

use bson::doc;
use bson::raw::RawDocumentBuf;
use futures::StreamExt as _;
use mongodb::Collection;

use super::call::{CALL_TIMEOUT, bounded};
use super::{Database, Failure};

/// Which documents are read, counted from the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// How many newer ones are left out.
    pub(crate) skip: u32,
    /// How many are read at most.
    pub(crate) limit: u32,
}

/// Some documents with their `_id`, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    /// The documents of the window; fewer when they do not fit one reply.
    pub(crate) documents: Vec<RawDocumentBuf>,
    /// How many the collection holds, as MongoDB keeps the number beside it.
    pub(crate) count: u64,
    /// Whether there are older ones.
    pub(crate) more: bool,
}

impl Database {
    /// Reads the newest documents.
    ///
    /// Newest is what was inserted last: by `_id` a document with one of the client's own would never be on top.
    ///
    /// # Errors
    /// Says why they could not be read.
    pub(crate) async fn recent(&self, window: Window) -> Result<Recent, Failure> {
        let (slot, connection) = self.begin().await?;
        let collection = connection.collection.clone();
        let both = async move { Ok((read(&collection, window).await?, count(&collection).await?)) };
        let (mut documents, count) = bounded("recent", slot, both)
            .await
            .map_err(|error| error.read_failure(&connection.addresses))?;
        // Behind the last document nothing was seen.
        let seen = match documents.len() as u64 {
            0 => 0,
            read => u64::from(window.skip) + read,
        };
        documents.truncate(window.limit as usize);
        let end = u64::from(window.skip) + documents.len() as u64;
        Ok(Recent {
            // The number may lag behind what was read, and a reply that is full ends before the window does.
            more: !documents.is_empty() && (seen > end || count > end),
            count: count.max(seen),
            documents,
        })
    }
}

/// Reads one document more than the window has, to know whether there is one.
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
