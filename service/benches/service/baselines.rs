//! Baselines: servers of bare hyper and bare salvo, and inserts with the bare driver.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bson::doc;
use bson::raw::RawDocumentBuf;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use mongodb::Client;
use mongodb::options::{Acknowledgment, ClientOptions, WriteConcern};
use salvo::fuse::FuseConfig;
use salvo::hyper::body::Bytes;
use salvo::{Response, Router, handler, hyper};
use tokio::net::TcpListener;

/// The baselines' response, as long as the data API's welcome line.
const TEXT: &[u8] = b"Welcome to the Flask app! The current time is: 2026-11-21 09:34:12.123456";

/// Runs as a baseline instead of as the benchmark.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    // The same runtime as the measured data API.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments {
        [name, port] if name == "hyper" => runtime.block_on(serve(port.parse()?)),
        [name, port] if name == "salvo" => runtime.block_on(serve_with_salvo(port.parse()?)),
        [name, uri, connections, seconds] if name == "driver" => {
            runtime.block_on(insert(uri, connections.parse()?, seconds.parse()?))
        }
        _ => bail!("unknown baseline: {arguments:?}"),
    }
}

async fn serve(port: u16) -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|_| async {
                Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from_static(TEXT))))
            });
            // A client may disconnect.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Salvo at its minimum: no middleware, no connection limits.
async fn serve_with_salvo(port: u16) -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let acceptor = salvo::conn::tcp::TcpAcceptor::try_from(listener)?;
    salvo::Server::new(acceptor)
        .fuse_config(FuseConfig::disabled())
        .try_serve(Router::new().get(answer))
        .await?;
    Ok(())
}

#[handler]
async fn answer(response: &mut Response) {
    response.body(TEXT);
}

/// Inserts with this many tasks, and prints the number of inserts and the microseconds taken.
async fn insert(uri: &str, tasks: u32, seconds: u64) -> Result<()> {
    let mut options = ClientOptions::parse(uri).await?;
    options.max_pool_size = Some(32);
    options.min_pool_size = Some(tasks);
    options.write_concern = Some(
        WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .build(),
    );
    let client = Client::with_options(options)?;
    client.warm_connection_pool().await;
    let collection = client.database("flask_db").collection::<RawDocumentBuf>("data");
    let document = RawDocumentBuf::try_from(
        &doc! { "name": "document", "number": 1, "price": 1.25, "tags": ["a", "b"] },
    )
    .context("a document")?;
    let count = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (collection, document, count) = (collection.clone(), document.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                while Instant::now() < end {
                    collection.insert_one(document.clone()).await?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let elapsed = start.elapsed().as_micros();
    writeln!(std::io::stdout(), "{} {elapsed}", count.load(Ordering::Relaxed))?;
    Ok(())
}
