//! The router against the OpenAPI document, and a handler that panics.

use std::collections::BTreeSet;

use salvo::conn::tcp::TcpAcceptor;
use salvo::handler;
use salvo::routing::{FilterInfo, Router};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::database::{ConnectionString, Limits, Namespace};

/// The page's form: no schema can describe text that must be JSON, and programs should use `/data`.
const UNDESCRIBED: &str = "/add";

type Routes = BTreeSet<(String, String)>;

fn collect(router: &Router, prefix: &str, served: &mut Routes) {
    let mut path = prefix.to_owned();
    let mut method = None;
    for filter in &router.filters {
        match filter.info() {
            FilterInfo::Path(part) => path = format!("{path}/{part}"),
            FilterInfo::Method(name) => method = Some(name.to_string()),
            other => panic!("the document cannot describe a route with {other:?}"),
        }
    }
    if router.goal.is_some() {
        let path = if path.is_empty() { "/" } else { &path };
        served.insert((path.to_owned(), method.unwrap()));
    }
    for child in &router.routers {
        collect(child, &path, served);
    }
}

async fn database() -> Database {
    let uri = ConnectionString::new("mongodb://127.0.0.1:1/".to_owned());
    Database::prepare(&uri, Namespace::default(), Limits::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_openapi_document_has_exactly_the_routers_routes() {
    let (database, draining) = (database().await, Draining::default());
    let mut served = Routes::new();
    collect(&routes(&database, &draining, &Http::default()), "", &mut served);
    served.retain(|(path, _)| path != UNDESCRIBED);
    let document: Value = serde_json::from_str(include_str!("../description/openapi.json")).unwrap();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut described = Routes::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert((path.clone(), method.to_uppercase()));
            if method == "get" {
                // The document states that every GET path supports HEAD.
                described.insert((path.clone(), "HEAD".to_owned()));
            }
        }
    }
    assert_eq!(served, described);
}

#[tokio::test]
async fn a_panic_in_a_handler_is_answered_500_and_the_connection_stays_open() {
    #[handler]
    fn panicking() {
        panic!("on purpose");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = salvo::Server::new(TcpAcceptor::try_from(listener).unwrap());
    tokio::spawn(server.try_serve(with_middleware(
        Router::new().get(panicking),
        &Draining::default(),
    )));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(
            answer.contains("\"detail\":\"the service failed to handle the request\""),
            "{answer}"
        );
    }
}
