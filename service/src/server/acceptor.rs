//! A listener that can be closed while the server still serves.
//!
//! `salvo` only stops accepting: the socket stays open until the last request is done, and the kernel lets clients connect
//! who then wait for the whole grace period and are reset. A closed socket refuses them, so that they go elsewhere.

use std::io;

use salvo::conn::tcp::TcpAcceptor;
use salvo::conn::{Accepted, Acceptor, Holding};
use salvo::fuse::ArcFusePolicy;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Accepts until its gate is closed.
pub(super) struct ClosableAcceptor {
    /// `None` once the gate is closed.
    open: Option<TcpAcceptor>,
    holdings: Vec<Holding>,
    closing: mpsc::Receiver<oneshot::Sender<()>>,
}

/// Closes a [`ClosableAcceptor`] from elsewhere.
pub(super) struct Gate(mpsc::Sender<oneshot::Sender<()>>);

impl ClosableAcceptor {
    pub(super) fn new(listener: TcpListener) -> io::Result<(Self, Gate)> {
        let open = TcpAcceptor::try_from(listener)?;
        let holdings = open.holdings().to_vec();
        let (gate, closing) = mpsc::channel(1);
        Ok((
            Self {
                open: Some(open),
                holdings,
                closing,
            },
            Gate(gate),
        ))
    }
}

impl Gate {
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
    type Coupler = <TcpAcceptor as Acceptor>::Coupler;
    type Stream = <TcpAcceptor as Acceptor>::Stream;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<Self::Coupler, Self::Stream>> {
        if let Some(open) = &mut self.open {
            tokio::select! {
                accepted = open.accept(policy) => return accepted,
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
