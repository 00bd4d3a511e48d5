//! A listener that can be closed while the server still serves, and that takes no more connections than there is room for.
//!
//! `salvo` only stops accepting: the socket stays open until the last request is done, and the kernel lets clients connect
//! who then wait for the whole grace period and are reset. A closed socket refuses them, so that they go elsewhere.

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

/// How long the system is left alone when it has no descriptor or memory for a connection.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until its gate is closed.
pub(super) struct ClosableAcceptor {
    /// `None` once the gate is closed.
    open: Option<TcpAcceptor>,
    holdings: Vec<Holding>,
    closing: mpsc::Receiver<oneshot::Sender<()>>,
    limit: ConnectionLimit,
}

/// Closes a [`ClosableAcceptor`] from elsewhere.
pub(super) struct CloseHandle(mpsc::Sender<oneshot::Sender<()>>);

/// Who may come in, and what they get.
struct ConnectionLimit {
    permits: Arc<Semaphore>,
    head_timeout: Duration,
    full: Throttle,
    failing: Throttle,
}

type Connection = Guard<<TcpAcceptor as Acceptor>::Stream>;

impl ClosableAcceptor {
    /// Accepts at most so many connections at a time; the others wait in the backlog.
    pub(super) fn new(
        listener: TcpListener,
        connections: usize,
        head_timeout: Duration,
    ) -> io::Result<(Self, CloseHandle)> {
        let open = TcpAcceptor::try_from(listener)?;
        let holdings = open.holdings().to_vec();
        let (gate, closing) = mpsc::channel(1);
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
            CloseHandle(gate),
        ))
    }
}

impl CloseHandle {
    /// Returns when the socket is closed.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.0.send(done).await.is_ok() {
            // An acceptor that is gone has closed the socket too.
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
                // Whom the kernel has let connect is served before the socket closes, and would be reset otherwise.
                biased;
                accepted = self.limit.admit(open, policy) => return Ok(accepted),
                Some(done) = self.closing.recv() => {
                    self.open = None;
                    let _ = done.send(());
                }
            }
        }
        // Nothing comes any more; the server leaves this when it is told to stop.
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
                // The client was faster in leaving.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    if self.failing.is_due() {
                        tracing::error!(%error, "a connection cannot be accepted");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    async fn acquire_permit(&mut self) -> OwnedSemaphorePermit {
        if self.permits.available_permits() == 0 && self.full.is_due() {
            tracing::warn!("there is room for no more connections: the next one waits until another ends");
        }
        match Arc::clone(&self.permits).acquire_owned().await {
            Ok(permit) => permit,
            // Nobody closes the semaphore.
            Err(_) => std::future::pending().await,
        }
    }
}
