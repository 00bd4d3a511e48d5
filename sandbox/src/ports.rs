//! Free ports on 127.0.0.1, unchanged between runs if possible.

use std::net::{Ipv4Addr, TcpListener};

use serde::{Deserialize, Serialize};

/// The ports of a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) api_server: u16,
    pub(crate) etcd: u16,
    pub(crate) etcd_peer: u16,
    pub(crate) controller_manager: u16,
    pub(crate) scheduler: u16,
    pub(crate) mongodb: u16,
}

impl Ports {
    /// Chooses the previous ports if they are free, so that existing kubeconfigs stay valid, or else any free ports.
    ///
    /// Each port stays bound until all are chosen, so that they differ. Another process may still take one before its component
    /// binds it; the caller then retries.
    pub(crate) fn choose(previous: Option<Self>) -> std::io::Result<Self> {
        let mut held = Vec::new();
        let mut choose = |wanted: u16| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted))
                .or_else(|_taken| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
            let port = listener.local_addr()?.port();
            held.push(listener);
            std::io::Result::Ok(port)
        };
        let previous = previous.unwrap_or_default();
        Ok(Self {
            api_server: choose(previous.api_server)?,
            etcd: choose(previous.etcd)?,
            etcd_peer: choose(previous.etcd_peer)?,
            controller_manager: choose(previous.controller_manager)?,
            scheduler: choose(previous.scheduler)?,
            mongodb: choose(previous.mongodb)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_kept_and_taken_ones_replaced() {
        let first = Ports::choose(None).unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.mongodb)).unwrap();
        let second = Ports::choose(Some(first)).unwrap();
        drop(taken);
        assert_ne!(second.mongodb, first.mongodb);
        assert_eq!(
            Ports {
                mongodb: first.mongodb,
                ..second
            },
            first
        );
    }
}
