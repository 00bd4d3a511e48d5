//! The only module that uses the MongoDB driver. Every call has a time limit, and every error is translated into a
//! `Failure`.

mod admission;
mod batches;
mod call;
mod connection;
mod connection_string;
mod failure;
mod health;
mod inserts;
mod page;
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
pub(crate) use recent::{Recent, Window};
pub(crate) use signing_key::SigningKey;

use admission::{Admission, Slot};
use call::{ABANDONED_CALL_TIMEOUT, CALL_TIMEOUT, bounded};
use connection::Connection;
use health::HealthMonitor;
use inserts::Inserts;

/// The database and collection that hold the documents.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// The database name.
    pub database: String,
    /// The collection name.
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

/// The collection that the API serves. Clones share the connection, the health monitor and the limits.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    current: Arc<watch::Sender<Arc<Connection>>>,
    health: Arc<HealthMonitor>,
    admission: Arc<Admission>,
    inserts: Arc<Inserts>,
    /// The pool size unless the connection string sets one.
    pool_size: u32,
    namespace: Namespace,
}

impl Database {
    /// Prepares a client without connecting, so that MongoDB may start after this process.
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

    /// Returns host and port of every server in the connection string, for the log.
    pub(crate) fn addresses(&self) -> String {
        self.current.borrow().addresses.clone()
    }

    /// Opens the pool's first connections, so that the first requests need not. Waits for MongoDB as long as necessary.
    pub(crate) async fn warm(&self) {
        self.connection().client.warm_connection_pool().await;
    }

    /// Pings MongoDB until cancelled; [`Self::check`] and all calls rely on the latest result.
    pub(crate) async fn monitor_health(&self) {
        self.health.run(self.current.subscribe()).await;
    }

    /// Switches to a new connection whenever `file` no longer contains `current`.
    pub(crate) async fn watch_connection_string(&self, file: &Path, current: ConnectionString) {
        rotation::watch(self, file, current).await;
    }

    /// Returns the result of the latest ping, which is usually less than a second old.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        self.health.check().await
    }

    /// Stores a document that has an `_id`, and returns the `_id`. `reservation` is held until MongoDB answers, even if
    /// this call gives up earlier.
    pub(crate) async fn insert(
        &self,
        document: RawDocumentBuf,
        reservation: Option<OwnedSemaphorePermit>,
    ) -> Result<Bson, Failure> {
        self.inserts.insert(document, reservation).await
    }

    /// Starts reading all documents without their `_id`, in natural order.
    pub(crate) async fn read_all(&self) -> Result<Batches, Failure> {
        self.health.ensure_available()?;
        let list = self.admission.acquire_list().await?;
        let (slot, connection) = self.begin().await?;
        Batches::open(connection, slot, list, Arc::clone(&self.admission)).await
    }

    /// Reads up to `limit` documents in `_id` order, starting after `after`.
    pub(crate) async fn read_page(&self, after: Option<Bson>, limit: u32) -> Result<Page, Failure> {
        let (slot, connection) = self.begin().await?;
        let collection = connection.collection.clone();
        Page::read(collection, slot, &connection.addresses, after, limit).await
    }

    /// Reads one document from the primary.
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

    /// Returns the key that signs cursors. The first call after a change of the connection string takes about 50 ms.
    pub(crate) async fn signing_key(&self) -> Result<SigningKey, Failure> {
        self.connection().signing_key().await
    }

    /// Closes all connections without waiting for abandoned calls.
    pub(crate) async fn shutdown(self) {
        let closed = self.connection().client.clone().shutdown().immediate(true);
        if tokio::time::timeout(CALL_TIMEOUT, closed).await.is_err() {
            tracing::warn!("timed out closing the MongoDB connections");
        }
    }

    /// Waits for a call slot. Fails at once if MongoDB is known to be unavailable, before or after the wait.
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

    async fn connect(&self, uri: &ConnectionString) -> Result<Arc<Connection>, ConnectionStringError> {
        Connection::prepare(uri, &self.namespace, self.pool_size)
            .await
            .map(Arc::new)
    }

    /// Routes new calls over `connection`; calls in progress finish on the old one.
    fn replace(&self, connection: Arc<Connection>) {
        let old = self.current.send_replace(connection).client.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ABANDONED_CALL_TIMEOUT).await;
            // Waits for calls that still read replies.
            old.shutdown().await;
        });
    }
}

#[cfg(test)]
mod tests;
