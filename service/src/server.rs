//! The server's life cycle: bind, serve, and shut down without cutting off a request.

mod acceptor;
mod bind_error;
mod descriptors;
mod signals;
mod throttle;

use std::net::SocketAddr;
use std::time::Duration;

use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::configuration::{Configuration, Http, Mongodb, Shutdown};
use crate::database::Database;
use crate::draining::Draining;
use crate::router::router;

use acceptor::{ClosableAcceptor, CloseHandle};
pub use bind_error::BindError;
pub(crate) use signals::stop_signals;

/// Connections that the kernel queues before they are accepted.
const BACKLOG: u32 = 1024;

/// How long the last accepted connections may take to send their first request.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_millis(200);

/// A server that has bound its port, but does not serve yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    database: Database,
    configuration: Configuration,
}

impl Server {
    /// Binds the port and prepares the database. MongoDB need not be running.
    ///
    /// # Errors
    /// Fails if the connection string or the port cannot be used.
    pub async fn bind(configuration: Configuration) -> Result<Self, BindError> {
        let mongodb = &configuration.mongodb;
        let database = Database::prepare(&mongodb.uri, mongodb.namespace.clone(), mongodb.limits).await?;
        let address = configuration.http.listen_address;
        let (listener, address) = listen(address).map_err(|source| BindError::Listen { address, source })?;
        Ok(Self {
            listener,
            address,
            database,
            configuration,
        })
    }

    /// Returns the bound address, with the actual port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the first message on `stop`, then shuts down gracefully, or immediately after a second message.
    ///
    /// # Errors
    /// Fails if the listening socket fails.
    pub async fn run(self, stop: mpsc::Receiver<()>) -> std::io::Result<()> {
        let Self {
            listener,
            address,
            database,
            configuration,
        } = self;
        let Configuration {
            http,
            mongodb,
            shutdown,
            ..
        } = configuration;
        let draining = Draining::default();
        let connections = http.connections.min(descriptors::maximum_connections());
        let (acceptor, close_handle) = ClosableAcceptor::new(listener, connections, http.head_timeout)?;
        let mut server = salvo::Server::new(acceptor).fuse_config(fuse(&http));
        server
            .http1_mut()
            // The guard enforces this deadline, and answers with 408.
            .header_read_timeout(None)
            // A client that has shut down its sending side still gets its response.
            .half_close(true);
        let shutdown_task = tokio::spawn(shut_down_when_asked(
            stop,
            server.handle(),
            close_handle,
            draining.clone(),
            shutdown,
        ));
        let mut background = JoinSet::new();
        spawn_tasks(&mut background, &database, mongodb);

        tracing::info!(address = %address, mongodb = database.addresses(), connections, "listening");
        server.try_serve(router(&database, &draining, &http)).await?;

        shutdown_task.abort();
        background.shutdown().await;
        database.shutdown().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Spawns the tasks that run as long as the server.
fn spawn_tasks(background: &mut JoinSet<()>, database: &Database, mongodb: Mongodb) {
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
    // Allows a restart while connections of the previous process linger.
    socket.set_reuseaddr(true)?;
    // Inherited by accepted connections on Linux. Without it, the last chunk of a response can wait 40 ms for an ACK.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn fuse(http: &Http) -> FuseConfig {
    FuseConfig::default()
        .with_http1_header_timeout(None)
        // The guard limits idle time, and every handler its own time.
        .with_write_stall_timeout(http.write_timeout)
}

/// Drains, closes the listener, then stops gracefully; a second message stops immediately.
async fn shut_down_when_asked(
    mut stop: mpsc::Receiver<()>,
    server: ServerHandle,
    close_handle: CloseHandle,
    draining: Draining,
    shutdown: Shutdown,
) {
    if stop.recv().await.is_none() {
        // All senders are gone, so the server runs forever.
        return;
    }
    draining.begin();
    tracing::info!(
        drain_seconds = shutdown.drain.as_secs(),
        "shutting down: no longer ready"
    );
    if is_interrupted(tokio::time::sleep(shutdown.drain), &mut stop, &server).await {
        return;
    }
    tracing::info!(
        grace_seconds = shutdown.grace.as_secs(),
        "shutting down: finishing requests in flight"
    );
    let close = async {
        close_handle.close().await;
        // A connection accepted just now has not sent its request yet, and would be closed without a response.
        tokio::time::sleep(FIRST_REQUEST_TIMEOUT).await;
    };
    if is_interrupted(close, &mut stop, &server).await {
        return;
    }
    server.stop_graceful(shutdown.grace);
    is_interrupted(std::future::pending(), &mut stop, &server).await;
}

/// Waits, unless a second message arrives: then it stops the server immediately and returns true.
async fn is_interrupted(
    waiting: impl Future<Output = ()>,
    stop: &mut mpsc::Receiver<()>,
    server: &ServerHandle,
) -> bool {
    tokio::select! {
        () = waiting => false,
        Some(()) = stop.recv() => {
            tracing::warn!("shutting down immediately");
            server.stop_forceful();
            true
        }
    }
}
