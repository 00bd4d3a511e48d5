//! A listener that can close while the server still serves, and that limits the number of connections.
//!
//! `salvo` itself only stops accepting. Its socket stays open until the last request is done, so that new clients
//! connect, wait for the whole grace period and are reset. A closed socket refuses them, and they go elsewhere.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use salvo::conn::tcp::{TcpAcceptor, TcpCoupler};
use salvo::conn::{Accepted, Acceptor, Holding};
use salvo::fuse::ArcFusePolicy;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::throttle::Throttle;
use crate::wire::Guard;

/// How long to wait if the system has no descriptor or memory for a connection.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until it is closed.
pub(super) struct ClosableAcceptor {
    /// `None` after closing.
    open: Option<TcpAcceptor>,
    holdings: Vec<Holding>,
    closing: mpsc::Receiver<oneshot::Sender<()>>,
    limit: ConnectionLimit,
}

/// Closes a [`ClosableAcceptor`].
pub(super) struct CloseHandle(mpsc::Sender<oneshot::Sender<()>>);

/// Limits the number of connections, and logs when it is reached.
struct ConnectionLimit {
    permits: Arc<Semaphore>,
    head_timeout: Duration,
    full: Throttle,
    failing: Throttle,
}

type Connection = Guard<<TcpAcceptor as Acceptor>::Stream>;

impl ClosableAcceptor {
    /// Accepts up to `connections` at a time; further ones wait in the kernel's backlog.
    pub(super) fn new(
        listener: TcpListener,
        connections: usize,
        head_timeout: Duration,
    ) -> io::Result<(Self, CloseHandle)> {
        let open = TcpAcceptor::try_from(listener)?;
        let holdings = open.holdings().to_vec();
        let (close_handle, closing) = mpsc::channel(1);
        let limit = ConnectionLimit {
            permits: Arc::new(Semaphore::new(connections)),
            head_timeout,
            full: Throttle::default(),
            failing: Throttle::default(),
        };
        Ok((
            Self {
                open: Some(open),
                holdings,
                closing,
                limit,
            },
            CloseHandle(close_handle),
        ))
    }
}

impl CloseHandle {
    /// Closes the socket, and waits until it is closed.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.0.send(done).await.is_ok() {
            // If the acceptor is gone, its socket is closed.
            let _ = closed.await;
        }
    }
}

impl Acceptor for ClosableAcceptor {
    type Coupler = TcpCoupler<Connection>;
    type Stream = Connection;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<Self::Coupler, Self::Stream>> {
        if let Some(open) = &mut self.open {
            tokio::select! {
                // Accept what the kernel has already connected; closing the socket would reset it.
                biased;
                accepted = self.limit.admit(open, policy) => return Ok(accepted),
                Some(done) = self.closing.recv() => {
                    self.open = None;
                    let _ = done.send(());
                }
            }
        }
        // The server drops this future when it stops.
        std::future::pending().await
    }
}

impl ConnectionLimit {
    async fn admit(
        &mut self,
        open: &mut TcpAcceptor,
        policy: Option<ArcFusePolicy>,
    ) -> Accepted<TcpCoupler<Connection>, Connection> {
        let permit = self.acquire_permit().await;
        loop {
            match open.accept(policy.clone()).await {
                Ok(accepted) => {
                    let head_timeout = self.head_timeout;
                    return accepted.map_into(
                        |_| TcpCoupler::new(),
                        |stream| Guard::new(stream, head_timeout, permit),
                    );
                }
                // The client disconnected first.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    if self.failing.is_due() {
                        tracing::error!(%error, "cannot accept a connection");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    async fn acquire_permit(&mut self) -> OwnedSemaphorePermit {
        if self.permits.available_permits() == 0 && self.full.is_due() {
            tracing::warn!("connection limit reached: new connections wait until another one closes");
        }
        match Arc::clone(&self.permits).acquire_owned().await {
            Ok(permit) => permit,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}
