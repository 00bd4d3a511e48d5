//! A TCP proxy in front of MongoDB that cuts a connection when an insert comes through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

/// How an insert command begins inside a message: a string element with the name of the command.
const INSERT: &[u8] = b"\x02insert\0";

/// Forwards to MongoDB; ends with the test's runtime.
pub(crate) struct CuttingProxy {
    pub(crate) address: SocketAddr,
    pub(crate) cuts: Arc<AtomicUsize>,
}

impl CuttingProxy {
    pub(crate) async fn start(mongodb: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&cuts);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(mongodb).await.unwrap();
                tokio::spawn(forward(client, server, Arc::clone(&counter)));
            }
        });
        Self { address, cuts }
    }
}

/// The insert reaches MongoDB; its answer does not reach the service.
async fn forward(client: TcpStream, server: TcpStream, cuts: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    // A message begins with its length, these four bytes included.
    while let Ok(length) = from_client.read_u32_le().await {
        let mut message = vec![0; length as usize];
        message[..4].copy_from_slice(&length.to_le_bytes());
        from_client.read_exact(&mut message[4..]).await.unwrap();
        let cut = message.windows(INSERT.len()).any(|window| window == INSERT);
        if cut {
            back.abort();
        }
        if to_server.write_all(&message).await.is_err() {
            return;
        }
        if cut {
            cuts.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}
