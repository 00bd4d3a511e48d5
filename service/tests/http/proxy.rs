//! TCP proxies in front of MongoDB: one degrades the link on demand, one cuts off inserts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bson::Document;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How an insert command starts in a message: a string element with the command's name.
const INSERT: &[u8] = b"\x02insert\0";

/// The offset of a message's body: after the header, the flags and the kind of the first section.
const BODY: usize = 16 + 4 + 1;

/// Replaces the address in a connection string.
pub(crate) fn with_address(uri: &str, address: SocketAddr) -> String {
    let (user, rest) = uri.rsplit_once('@').unwrap();
    let (_, options) = rest.split_once('/').unwrap();
    format!("{user}@{address}/{options}")
}

/// Returns the address in a connection string.
pub(crate) fn address_of(uri: &str) -> SocketAddr {
    let (_, rest) = uri.rsplit_once('@').unwrap();
    let (address, _) = rest.split_once('/').unwrap();
    address.parse().unwrap()
}

/// The condition of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Open,
    /// Delays everything by this time.
    Delayed(Duration),
    /// Forwards one byte at a time.
    Trickling,
    /// Accepts connections, but forwards nothing.
    Blackholed,
    /// A connection that carries the word `lost` turns silent, but stays open.
    Losing,
}

/// Forwards to MongoDB until the test's runtime ends.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) link: watch::Sender<Link>,
}

impl Proxy {
    pub(crate) async fn start(mongodb: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (link, watched) = watch::channel(Link::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A refused connection becomes one that closes at once.
                let Ok(server) = TcpStream::connect(mongodb).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, watched.clone()));
                tokio::spawn(pass(from_server, to_client, watched.clone()));
            }
        });
        Self { address, link }
    }
}

/// Forwards bytes until either side ends, and then ends the other.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut link: watch::Receiver<Link>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if link.wait_for(|link| *link != Link::Blackholed).await.is_err() {
            return;
        }
        let now = *link.borrow();
        let sent = match now {
            Link::Trickling => trickle(&bytes[..read], &mut to, &mut link).await,
            Link::Delayed(time) => {
                tokio::time::sleep(time).await;
                to.write_all(&bytes[..read]).await
            }
            Link::Losing if bytes[..read].windows(4).any(|word| word == b"lost") => {
                std::future::pending().await
            }
            Link::Open | Link::Blackholed | Link::Losing => to.write_all(&bytes[..read]).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn trickle(
    bytes: &[u8],
    to: &mut OwnedWriteHalf,
    link: &mut watch::Receiver<Link>,
) -> std::io::Result<()> {
    for byte in bytes {
        to.write_all(&[*byte]).await?;
        let healed = link.wait_for(|link| *link != Link::Trickling);
        // Until the time is up, or the link has recovered.
        let _ = tokio::time::timeout(Duration::from_millis(100), healed).await;
    }
    Ok(())
}

/// Forwards every insert to MongoDB, and cuts its connection before the answer.
pub(crate) struct CuttingProxy {
    pub(crate) address: SocketAddr,
    pub(crate) cuts: Arc<AtomicUsize>,
    /// The last insert command, without its documents.
    pub(crate) insert: Arc<Mutex<Document>>,
}

impl CuttingProxy {
    pub(crate) async fn start(mongodb: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::new(AtomicUsize::new(0));
        let insert = Arc::new(Mutex::default());
        let (counter, command) = (Arc::clone(&cuts), Arc::clone(&insert));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(mongodb).await.unwrap();
                tokio::spawn(forward(
                    client,
                    server,
                    Arc::clone(&counter),
                    Arc::clone(&command),
                ));
            }
        });
        Self {
            address,
            cuts,
            insert,
        }
    }
}

/// Drops the answer to an insert.
async fn forward(client: TcpStream, server: TcpStream, cuts: Arc<AtomicUsize>, insert: Arc<Mutex<Document>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    // A message starts with its length, which includes these four bytes.
    while let Ok(length) = from_client.read_u32_le().await {
        let mut message = vec![0; length as usize];
        message[..4].copy_from_slice(&length.to_le_bytes());
        from_client.read_exact(&mut message[4..]).await.unwrap();
        let cut = message.windows(INSERT.len()).any(|window| window == INSERT);
        if cut {
            *insert.lock().unwrap() = Document::from_reader(&message[BODY..]).unwrap();
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
