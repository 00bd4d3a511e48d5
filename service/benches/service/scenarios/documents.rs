//! The collection's documents, flat so that their braces can be counted.

use anyhow::Result;
use bson::raw::RawDocumentBuf;
use bson::{Document, doc};
use mongodb::{Client, Collection};

/// Documents per insert command.
const BATCH: usize = 10_000;

/// The collection that all programs serve.
pub(super) struct Documents(Collection<RawDocumentBuf>);

impl Documents {
    pub(super) async fn open(uri: &str) -> Result<Self> {
        let client = Client::with_uri_str(uri).await?;
        Ok(Self(client.database("flask_db").collection("data")))
    }

    /// Recreates the collection with exactly this many documents. After a delete, MongoDB would still scan deleted
    /// documents for a while.
    pub(super) async fn set(&self, count: usize) -> Result<()> {
        self.0.drop().await?;
        for start in (0..count).step_by(BATCH) {
            let batch: Vec<RawDocumentBuf> = (start..count.min(start + BATCH))
                .map(|number| Ok(RawDocumentBuf::try_from(&document(number)?)?))
                .collect::<Result<_>>()?;
            self.0.insert_many(batch).await?;
        }
        Ok(())
    }

    pub(super) async fn count(&self) -> Result<u64> {
        Ok(self.0.count_documents(doc! {}).await?)
    }
}

fn document(number: usize) -> Result<Document> {
    let number = i64::try_from(number)?;
    Ok(doc! {
        "name": format!("document {number}"),
        "number": number,
        "price": 1.25,
        "tags": ["first", "second"],
        "active": true,
    })
}
