//! The one user of the MongoDB driver: every call is bounded in time, and every failure comes out in our words.

mod batches;
mod call;
mod connection_string;
mod failure;
mod page;
mod readiness;
mod sealing;

use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Bson, RawDocumentBuf, doc};
use mongodb::options::{ReadPreference, SelectionCriteria};
use mongodb::{Client, Collection};
use tokio::sync::OnceCell;

pub use batches::Batches;
pub use call::CALL_TIME;
pub use connection_string::{ConnectionString, ConnectionStringError};
pub use failure::Failure;
pub use page::Page;
pub use readiness::Readiness;
pub use sealing::SealingKey;

use call::bounded;

/// Where the documents are kept.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name of the database.
    pub database: String,
    /// The name of the collection in it.
    pub collection: String,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            database: "flask_db".to_owned(),
            collection: "data".to_owned(),
        }
    }
}

/// The collection that the API serves, and the one client of this process.
#[derive(Clone, Debug)]
pub struct Database {
    client: Client,
    place: Place,
    addresses: String,
    uri: ConnectionString,
    sealing_key: Arc<OnceCell<SealingKey>>,
}

impl Database {
    /// Prepares a client; nothing is connected yet, so MongoDB may come up later than this process.
    ///
    /// # Errors
    /// Refuses a connection string that the driver cannot use.
    pub async fn prepare(uri: &ConnectionString, place: Place) -> Result<Self, ConnectionStringError> {
        let options = uri.client_options().await?;
        let addresses = options
            .hosts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let client = Client::with_options(options).map_err(|_| ConnectionStringError::Options)?;
        Ok(Self {
            client,
            place,
            addresses,
            uri: uri.clone(),
            sealing_key: Arc::default(),
        })
    }

    /// Returns host and port of every server in the connection string, for logs.
    #[must_use]
    pub fn addresses(&self) -> &str {
        &self.addresses
    }

    /// Opens the first connections, so that the first requests do not wait for them. Waits as long as it takes.
    pub async fn warm(&self) {
        self.client.warm_connection_pool().await;
    }

    /// Asks MongoDB for a sign of life, on a connection that had to log in.
    ///
    /// # Errors
    /// Says why there was none.
    pub async fn ping(&self) -> Result<(), Failure> {
        let database = self.client.database(&self.place.database);
        let ping = async move { database.run_command(doc! { "ping": 1 }).await };
        bounded(ping)
            .await
            .map(drop)
            .map_err(|error| error.of_read(&self.addresses))
    }

    /// Stores a document and returns its `_id`.
    ///
    /// # Errors
    /// Says why it was not stored, or that nobody knows whether it was.
    pub async fn insert(&self, document: RawDocumentBuf) -> Result<Bson, Failure> {
        let collection = self.collection();
        let insert = async move { collection.insert_one(document).await };
        let inserted = bounded(insert)
            .await
            .map_err(|error| error.of_write(&self.addresses))?;
        Ok(inserted.inserted_id)
    }

    /// Starts to read all documents without their `_id`, in natural order.
    ///
    /// # Errors
    /// Says why the first documents could not be read.
    pub async fn read_all(&self) -> Result<Batches, Failure> {
        Batches::open(self.collection(), self.addresses.clone()).await
    }

    /// Reads up to `limit` documents in the order of their `_id`, those after the given one.
    ///
    /// # Errors
    /// Says why they could not be read.
    pub async fn read_page(&self, after: Option<Bson>, limit: u32) -> Result<Page, Failure> {
        Page::read(self.collection(), &self.addresses, after, limit).await
    }

    /// Reads one document as the primary has it.
    ///
    /// # Errors
    /// Says why it could not be read.
    pub async fn find(&self, id: ObjectId) -> Result<Option<RawDocumentBuf>, Failure> {
        let collection = self.collection();
        let find = async move {
            let find = collection.find_one(doc! { "_id": id }).max_time(CALL_TIME);
            find.selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
                .await
        };
        bounded(find)
            .await
            .map_err(|error| error.of_read(&self.addresses))
    }

    /// Returns the key for seals, which takes a moment for the first time.
    ///
    /// # Errors
    /// Only when the process is about to end.
    pub async fn sealing_key(&self) -> Result<SealingKey, Failure> {
        let derive = || async {
            let (uri, place) = (self.uri.clone(), self.place.clone());
            let derive = tokio::task::spawn_blocking(move || SealingKey::derive(&uri, &place));
            derive.await.map_err(|_| Failure::Internal)
        };
        self.sealing_key.get_or_try_init(derive).await.copied()
    }

    /// Closes all connections, without waiting for calls that were given up.
    pub async fn shutdown(self) {
        let closed = self.client.shutdown().immediate(true);
        if tokio::time::timeout(CALL_TIME, closed).await.is_err() {
            tracing::warn!("the connections to MongoDB were not closed in time");
        }
    }

    fn collection(&self) -> Collection<RawDocumentBuf> {
        self.client
            .database(&self.place.database)
            .collection(&self.place.collection)
    }
}

#[cfg(test)]
mod tests;
