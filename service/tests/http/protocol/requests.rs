//! What happens around a request, whatever it asks for: its id, and a handler that panics.

use std::sync::Arc;

use salvo::conn::tcp::TcpAcceptor;
use salvo::http::Method;
use salvo::{Router, handler};
use service::database::{ConnectionString, Database, Limits, Place, Readiness};
use tokio::net::TcpListener;

use super::super::app::TestApp;
use super::super::client::{HttpClient, Wire};

#[tokio::test]
async fn a_sane_request_id_is_taken_and_another_is_made_up() {
    let app = TestApp::start().await;
    let id_for = async |given: &str| {
        let answer = app
            .client
            .send(Method::GET, "/nope", &[("x-request-id", given)], "")
            .await;
        answer.problem(404);
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(id_for("0b3c2f7e-1d5a-4c58").await, "0b3c2f7e-1d5a-4c58");
    for bad in ["a b", "\"", &"x".repeat(129)] {
        let made_up = id_for(bad).await;
        assert!(made_up.len() == 32 && made_up != bad, "{made_up}");
    }
    let (one, other) = (app.client.get("/").await, app.client.get("/").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn a_panic_in_a_handler_is_answered_500_and_the_connection_lives_on() {
    #[handler]
    fn panicking() {
        panic!("on purpose");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let uri = ConnectionString::new("mongodb://localhost:1/".to_owned());
    let database = Database::prepare(&uri, Place::default(), Limits::default()).await;
    let readiness = Arc::new(Readiness::new(database.unwrap()));
    let router = service::router::around(Router::new().get(panicking), &readiness);
    let server = salvo::Server::new(TcpAcceptor::try_from(listener).unwrap());
    tokio::spawn(server.try_serve(router));
    let mut wire = Wire::open(address).await;
    for _ in 0..2 {
        wire.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let answer = wire.read_until("}").await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    }
    let answer = HttpClient::new(address).get("/").await;
    assert_eq!(answer.problem(500), "the service failed to handle the request");
}
