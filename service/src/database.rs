//! The one user of the MongoDB driver: every call is bounded in time, and every failure comes out in our words.

mod admission;
mod batches;
mod call;
mod connection;
mod connection_string;
mod failure;
mod health;
mod inserts;
mod page;
mod readiness;
mod recent;
mod rotation;
mod signing_key;

use std::path::Path;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Bson, RawDocumentBuf, doc};
use mongodb::options::{ReadPreference, SelectionCriteria};
use tokio::sync::{OwnedSemaphorePermit, watch};

pub use admission::Limits;
pub(crate) use batches::Batches;
pub use connection_string::{ConnectionString, ConnectionStringError};
pub(crate) use failure::Failure;
pub(crate) use page::Page;
pub(crate) use readiness::Readiness;
pub(crate) use recent::{Recent, Window};
pub(crate) use signing_key::SigningKey;

use admission::{Admission, Slot};
use call::{ABANDONED_CALL_TIMEOUT, CALL_TIMEOUT, bounded};
use connection::Connection;
use health::HealthMonitor;
use inserts::Inserts;

/// Where the documents are kept.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// The name of the database.
    pub database: String,
    /// The name of the collection in it.
    pub collection: String,
}

impl Default for Namespace {
    fn default() -> Self {
        Self {
            database: "flask_db".to_owned(),
            collection: "data".to_owned(),
        }
    }
}

/// The collection that the API serves. Clones share the connection, its health and the limits.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    current: Arc<watch::Sender<Arc<Connection>>>,
    health: Arc<HealthMonitor>,
    admission: Arc<Admission>,
    inserts: Arc<Inserts>,
    /// The size of a pool, where the connection string does not say it.
    pool_size: u32,
    namespace: Namespace,
}

impl Database {
    /// Prepares a client; nothing is connected yet, so MongoDB may come up later than this process.
    ///
    /// # Errors
    /// Refuses a connection string that the driver cannot use.
    pub(crate) async fn prepare(
        uri: &ConnectionString,
        namespace: Namespace,
        limits: Limits,
    ) -> Result<Self, ConnectionStringError> {
        let pool_size = admission::connections(limits);
        let connection = Connection::prepare(uri, &namespace, pool_size).await?;
        let admission = Arc::new(Admission::new(limits, connection.pool_size));
        let current = Arc::new(watch::Sender::new(Arc::new(connection)));
        let health = Arc::new(HealthMonitor::new());
        let inserts = Inserts::new(Arc::clone(&current), Arc::clone(&health), Arc::clone(&admission));
        Ok(Self {
            current,
            health,
            admission,
            inserts: Arc::new(inserts),
            pool_size,
            namespace,
        })
    }

    /// Returns host and port of every server in the connection string, for logs.
    pub(crate) fn addresses(&self) -> String {
        self.current.borrow().addresses.clone()
    }

    /// Opens the first connections, so that the first requests do not wait for them. Waits as long as it takes.
    pub(crate) async fn warm(&self) {
        self.connection().client.warm_connection_pool().await;
    }

    /// Asks MongoDB again and again whether it takes documents; [`Self::check`] and all calls go by the answers.
    pub(crate) async fn monitor_health(&self) {
        self.health.run(self.current.subscribe()).await;
    }

    /// Exchanges the connection whenever the file says another connection string than `present`.
    pub(crate) async fn watch_connection_string(&self, file: &Path, current: ConnectionString) {
        rotation::watch(self, file, current).await;
    }

    /// Says whether MongoDB took the last ping, which [`Self::monitor_health`] sent at most a second ago or so.
    ///
    /// # Errors
    /// Says why it did not.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        self.health.check().await
    }

    /// Stores a document, which has an `_id`, and returns that. `reservation` is held until MongoDB has answered, which may be after
    /// this has.
    ///
    /// # Errors
    /// Says why it was not stored, or that nobody knows whether it was.
    pub(crate) async fn insert(
        &self,
        document: RawDocumentBuf,
        reservation: Option<OwnedSemaphorePermit>,
    ) -> Result<Bson, Failure> {
        self.inserts.insert(document, reservation).await
    }

    /// Starts to read all documents without their `_id`, in natural order.
    ///
    /// # Errors
    /// Says why the first documents could not be read.
    pub(crate) async fn read_all(&self) -> Result<Batches, Failure> {
        self.health.ensure_available()?;
        let list = self.admission.acquire_list().await?;
        let (slot, connection) = self.begin().await?;
        Batches::open(connection, slot, list, Arc::clone(&self.admission)).await
    }

    /// Reads up to `limit` documents in the order of their `_id`, those after the given one.
    ///
    /// # Errors
    /// Says why they could not be read.
    pub(crate) async fn read_page(&self, after: Option<Bson>, limit: u32) -> Result<Page, Failure> {
        let (slot, connection) = self.begin().await?;
        let collection = connection.collection.clone();
        Page::read(collection, slot, &connection.addresses, after, limit).await
    }

    /// Reads one document as the primary has it.
    ///
    /// # Errors
    /// Says why it could not be read.
    pub(crate) async fn find(&self, id: ObjectId) -> Result<Option<RawDocumentBuf>, Failure> {
        let (slot, connection) = self.begin().await?;
        let collection = connection.collection.clone();
        let find = async move {
            let find = collection.find_one(doc! { "_id": id }).max_time(CALL_TIMEOUT);
            find.selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
                .await
        };
        bounded("find", slot, find)
            .await
            .map_err(|error| error.read_failure(&connection.addresses))
    }

    /// Returns the key for seals, which takes a moment for the first time with each connection string.
    ///
    /// # Errors
    /// Only when the process is about to end.
    pub(crate) async fn signing_key(&self) -> Result<SigningKey, Failure> {
        self.connection().signing_key().await
    }

    /// Closes all connections, without waiting for calls that were given up.
    pub(crate) async fn shutdown(self) {
        let closed = self.connection().client.clone().shutdown().immediate(true);
        if tokio::time::timeout(CALL_TIMEOUT, closed).await.is_err() {
            tracing::warn!("the connections to MongoDB were not closed in time");
        }
    }

    /// Waits for the turn of a call, and refuses it where MongoDB is known to be gone, before or after the wait.
    async fn begin(&self) -> Result<(Slot, Arc<Connection>), Failure> {
        self.health.ensure_available()?;
        let slot = self.admission.acquire().await?;
        self.health.ensure_available()?;
        Ok((slot, self.connection()))
    }

    fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.current.borrow())
    }

    fn is_known_to_fail(&self) -> bool {
        self.health.ensure_available().is_err()
    }

    /// Prepares another connection, for a later [`Self::replace`].
    async fn connect(&self, uri: &ConnectionString) -> Result<Arc<Connection>, ConnectionStringError> {
        Connection::prepare(uri, &self.namespace, self.pool_size)
            .await
            .map(Arc::new)
    }

    /// Lets all calls from now on go over another connection; those under way end on theirs.
    fn replace(&self, connection: Arc<Connection>) {
        let old = self.current.send_replace(connection).client.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ABANDONED_CALL_TIMEOUT).await;
            // Waits for the answers that are still being read.
            old.shutdown().await;
        });
    }
}

#[cfg(test)]
mod tests;
