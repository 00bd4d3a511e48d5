//! Runs the service in the test process, on its own port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use service::configuration::Configuration;
use service::database::{ConnectionString, Namespace};
use service::server::Server;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::client::{HttpClient, Wire};
use super::mongo;
use super::wait::TIMEOUT;

/// A running service; it ends with the test.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) client: HttpClient,
    pub(crate) stop: mpsc::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

impl TestApp {
    /// Starts on the shared MongoDB, with an empty database.
    pub(crate) async fn start() -> Self {
        Self::start_with(Configuration::default()).await
    }

    /// Starts with this configuration; the database and the address are always the test's.
    pub(crate) async fn start_with(configuration: Configuration) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let namespace = Namespace {
            database: format!("test_{number}"),
            collection: "data".to_owned(),
        };
        Self::start_at(&mongo::shared_uri().await, namespace, configuration).await
    }

    /// Starts on the MongoDB at `uri`, with the default database.
    pub(crate) async fn start_on(uri: &str) -> Self {
        Self::start_with_uri(uri, Configuration::default()).await
    }

    /// Starts on the MongoDB at `uri`, with this configuration.
    pub(crate) async fn start_with_uri(uri: &str, configuration: Configuration) -> Self {
        Self::start_at(uri, Namespace::default(), configuration).await
    }

    /// Starts on one collection at `uri`.
    pub(crate) async fn start_at(uri: &str, namespace: Namespace, mut configuration: Configuration) -> Self {
        configuration.http.listen_address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        configuration.mongodb.uri = ConnectionString::new(uri.to_owned());
        configuration.mongodb.namespace = namespace;
        let server = Server::bind(configuration).await.unwrap();
        let address = server.address();
        let (stop, stopped) = mpsc::channel(2);
        let running = tokio::spawn(server.run(stopped));
        Self {
            address,
            client: HttpClient::new(address),
            stop,
            running,
        }
    }

    pub(crate) async fn wire(&self) -> Wire {
        Wire::open(self.address).await
    }

    /// Waits until the service has shut down without an error.
    pub(crate) async fn join(self) {
        let ended = tokio::time::timeout(TIMEOUT, self.running).await;
        ended.expect("an end in time").unwrap().unwrap();
    }
}

/// A configuration with short timeouts.
pub(crate) fn impatient() -> Configuration {
    let moment = Duration::from_millis(200);
    let mut configuration = Configuration::default();
    configuration.http.body_timeout = moment;
    configuration.http.head_timeout = moment;
    configuration
}
