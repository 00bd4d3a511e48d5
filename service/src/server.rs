//! The life of the process: bind, serve, and stop without cutting a request off.

mod acceptor;
mod bind_error;
mod descriptors;
mod signals;
mod throttle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::configuration::{Configuration, Http, Mongodb, Shutdown};
use crate::database::{Database, Readiness};
use crate::router::router;

use acceptor::{ClosableAcceptor, CloseHandle};
pub use bind_error::BindError;
pub(crate) use signals::stop_signals;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;

/// How long the last connections that were accepted may take to send their first request.
const SETTLING: Duration = Duration::from_millis(200);

/// A server that has its port, but does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    database: Database,
    mongodb: Mongodb,
    http: Http,
    shutdown: Shutdown,
}

impl Server {
    /// Takes the port and prepares the database. MongoDB need not be there.
    ///
    /// # Errors
    /// Says which setting cannot be used.
    pub async fn bind(configuration: Configuration) -> Result<Self, BindError> {
        let Configuration {
            http,
            mongodb,
            shutdown,
            ..
        } = configuration;
        let database = Database::prepare(&mongodb.uri, mongodb.namespace.clone(), mongodb.limits).await?;
        let (listener, address) = listen(http.listen_address).map_err(|source| BindError::Listen {
            address: http.listen_address,
            source,
        })?;
        Ok(Self {
            listener,
            address,
            database,
            mongodb,
            http,
            shutdown,
        })
    }

    /// Returns the address that clients connect to, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until the first message of `stop`, then stops gracefully; at once after a second message.
    ///
    /// # Errors
    /// Returns what the listening socket says.
    pub async fn run(self, stop: mpsc::Receiver<()>) -> std::io::Result<()> {
        let Self {
            listener,
            address,
            database,
            mongodb,
            http,
            shutdown,
        } = self;
        let readiness = Arc::new(Readiness::new(database.clone()));
        let connections = http.connections.min(descriptors::connections_at_most());
        let (acceptor, gate) = ClosableAcceptor::new(listener, connections, http.head_timeout)?;
        let mut server = salvo::Server::new(acceptor).fuse_config(fuse(&http));
        server
            .http1_mut()
            // The guard of the connection does this, and answers.
            .header_read_timeout(None)
            // A client that has said all it has to say still wants its answer.
            .half_close(true);
        let stopper = tokio::spawn(stop_when_asked(
            stop,
            server.handle(),
            gate,
            Arc::clone(&readiness),
            shutdown,
        ));
        let mut background = JoinSet::new();
        tend(&mut background, &database, mongodb);

        tracing::info!(address = %address, mongodb = database.addresses(), connections, "listening");
        server.try_serve(router(&database, &readiness, &http)).await?;

        stopper.abort();
        background.shutdown().await;
        database.shutdown().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// What goes on beside the requests for as long as the server runs.
fn tend(background: &mut JoinSet<()>, database: &Database, mongodb: Mongodb) {
    let health = database.clone();
    background.spawn(async move { health.monitor_health().await });
    let warming = database.clone();
    background.spawn(async move { warming.warm().await });
    if let Some(file) = mongodb.uri_file {
        let database = database.clone();
        background.spawn(async move { database.watch_connection_string(&file, mongodb.uri).await });
    }
}

fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart takes the port although connections of the last run still linger.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit this on Linux; without it the last chunk of an answer can wait 40 ms for an ACK.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn fuse(http: &Http) -> FuseConfig {
    FuseConfig::default()
        .with_http1_header_timeout(None)
        // The guard bounds the time between requests too, and every handler its own.
        .with_write_stall_timeout(http.write_timeout)
}

/// Not ready, then closed, then stopped; a second message skips what is left.
async fn stop_when_asked(
    mut stop: mpsc::Receiver<()>,
    server: ServerHandle,
    gate: CloseHandle,
    readiness: Arc<Readiness>,
    shutdown: Shutdown,
) {
    if stop.recv().await.is_none() {
        // Nobody can ask any more; a server without a stopper serves for ever.
        return;
    }
    readiness.drain();
    tracing::info!(
        drain_seconds = shutdown.drain.as_secs(),
        "stopping: not ready any more"
    );
    if stops_at_once(tokio::time::sleep(shutdown.drain), &mut stop, &server).await {
        return;
    }
    tracing::info!(
        grace_seconds = shutdown.grace.as_secs(),
        "stopping: requests in flight may finish"
    );
    let close = async {
        gate.close().await;
        // A connection that is as new as that has not sent its request yet, and would be closed without an answer.
        tokio::time::sleep(SETTLING).await;
    };
    if stops_at_once(close, &mut stop, &server).await {
        return;
    }
    server.stop_graceful(shutdown.grace);
    stops_at_once(std::future::pending(), &mut stop, &server).await;
}

/// Waits, unless it is asked to stop again: then it stops at once, and says so.
async fn stops_at_once(
    waiting: impl Future<Output = ()>,
    stop: &mut mpsc::Receiver<()>,
    server: &ServerHandle,
) -> bool {
    tokio::select! {
        () = waiting => false,
        Some(()) = stop.recv() => {
            tracing::warn!("stopping at once");
            server.stop_forceful();
            true
        }
    }
}
