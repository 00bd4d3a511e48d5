//! A driver client, and the ping that checks whether MongoDB accepts writes.

use bson::{Bson, RawDocumentBuf, doc};
use mongodb::{Client, Collection};
use tokio::sync::OnceCell;

use super::failure::{Failure, read_failure};
use super::{ConnectionString, ConnectionStringError, Namespace, SigningKey};

/// The time limit that MongoDB itself applies to a ping that waits, for example for a lock.
const PING_ON_SERVER_MILLISECONDS: i32 = 800;

/// A driver client with its own connection pool.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) collection: Collection<RawDocumentBuf>,
    /// Host and port of every server in the connection string, for the log.
    pub(super) addresses: String,
    /// The maximum number of connections; 0 means unlimited.
    pub(super) pool_size: u32,
    uri: ConnectionString,
    namespace: Namespace,
    signing_key: OnceCell<SigningKey>,
}

impl Connection {
    /// Prepares a client without connecting. `pool_size` applies unless the connection string sets one.
    pub(super) async fn prepare(
        uri: &ConnectionString,
        namespace: &Namespace,
        pool_size: u32,
    ) -> Result<Self, ConnectionStringError> {
        let options = uri.client_options(pool_size).await?;
        let addresses = options
            .hosts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let pool_size = options.max_pool_size.unwrap_or(pool_size);
        let client = Client::with_options(options).map_err(|_| ConnectionStringError::Options)?;
        Ok(Self {
            collection: client
                .database(&namespace.database)
                .collection(&namespace.collection),
            client,
            addresses,
            pool_size,
            uri: uri.clone(),
            namespace: namespace.clone(),
            signing_key: OnceCell::new(),
        })
    }

    /// Returns the signing key that is derived from this connection string.
    pub(super) async fn signing_key(&self) -> Result<SigningKey, Failure> {
        let derive = || async {
            let (uri, namespace) = (self.uri.clone(), self.namespace.clone());
            let derive = tokio::task::spawn_blocking(move || SigningKey::derive(&uri, &namespace));
            derive.await.map_err(|_| Failure::Internal)
        };
        self.signing_key.get_or_try_init(derive).await.copied()
    }

    /// Sends an update that matches nothing. Unlike a plain ping, it fails if the user may not write, writes are
    /// locked, or the server is not the primary.
    ///
    /// Has no client-side time limit. Dropping it closes its connection, which is the right end for a silent one.
    pub(super) async fn ping(&self) -> Result<(), Failure> {
        let nothing = doc! { "_id": { "$in": Bson::Array(Vec::new()) } };
        let change = doc! { "$unset": { "ping": "" } };
        let ping = doc! {
            "update": &self.namespace.collection,
            "updates": [{ "q": nothing, "u": change }],
            "writeConcern": { "w": 1 },
            "maxTimeMS": PING_ON_SERVER_MILLISECONDS,
        };
        self.client
            .database(&self.namespace.database)
            .run_command(ping)
            .await
            .map(drop)
            .map_err(|error| read_failure(&error, &self.addresses))
    }
}
