//! One client of the driver, and the question whether its MongoDB takes documents.

use bson::{Bson, RawDocumentBuf, doc};
use mongodb::{Client, Collection};
use tokio::sync::OnceCell;

use super::failure::{Failure, read_failure};
use super::{ConnectionString, ConnectionStringError, Namespace, SigningKey};

/// How long MongoDB itself works on a ping that waits, say for a lock; then it ends the ping and says so.
const PING_ON_SERVER_MILLISECONDS: i32 = 800;

/// A client with its own connections.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Client,
    /// The one collection that it is for.
    pub(super) collection: Collection<RawDocumentBuf>,
    /// Host and port of every server in the connection string, for logs.
    pub(super) addresses: String,
    /// How many connections there are at most; 0 stands for any number.
    pub(super) pool_size: u32,
    uri: ConnectionString,
    namespace: Namespace,
    signing_key: OnceCell<SigningKey>,
}

impl Connection {
    /// Prepares a client; nothing is connected yet. `pool_size` holds where the text has none of its own.
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

    /// Returns the key for seals that belongs to this connection string.
    pub(super) async fn signing_key(&self) -> Result<SigningKey, Failure> {
        let derive = || async {
            let (uri, namespace) = (self.uri.clone(), self.namespace.clone());
            let derive = tokio::task::spawn_blocking(move || SigningKey::derive(&uri, &namespace));
            derive.await.map_err(|_| Failure::Internal)
        };
        self.signing_key.get_or_try_init(derive).await.copied()
    }

    /// Asks for an update that matches nothing, so that the answer says more than that the server runs: the user may
    /// still write, and neither a lock nor the role of the server keeps documents from being stored.
    ///
    /// Has no time limit of its own. Dropping it closes its connection, which is what a connection without answer needs.
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
