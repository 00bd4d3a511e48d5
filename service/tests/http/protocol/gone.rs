//! Clients that disconnect during a response, or stop reading it.

use std::time::Duration;

use bson::doc;
use mongodb::Client;
use service::configuration::Configuration;

use super::super::app::TestApp;
use super::super::mongo;
use super::super::wait::until;

const REQUEST: &str = "GET /data HTTP/1.1\r\nHost: a\r\n\r\n";

/// Stores about 100 MB, far more than the sockets and one MongoDB reply hold.
async fn fill(client: &Client) {
    let text = "x".repeat(1_000_000);
    let collection = client.database("flask_db").collection("data");
    for _ in 0..10 {
        let documents: Vec<_> = (0..10).map(|_| doc! { "a": &text }).collect();
        collection.insert_many(documents).await.unwrap();
    }
}

async fn open_cursors(client: &Client) -> i64 {
    let status = client
        .database("admin")
        .run_command(doc! { "serverStatus": 1 })
        .await
        .unwrap();
    let open = status
        .get_document("metrics")
        .unwrap()
        .get_document("cursor")
        .unwrap();
    open.get_document("open").unwrap().get_i64("total").unwrap()
}

#[tokio::test]
async fn an_abandoned_list_leaves_no_cursor() {
    let mongodb = mongo::own().await;
    let client = Client::with_uri_str(mongodb.mongodb_root_uri()).await.unwrap();
    fill(&client).await;
    let mut configuration = Configuration::default();
    configuration.http.write_timeout = Duration::from_secs(1);
    let app = TestApp::start_with_uri(&mongodb.mongodb_uri(), configuration).await;

    let mut leaving = app.wire().await;
    leaving.write(REQUEST).await;
    leaving.read_until("[").await;
    until("a cursor", async || open_cursors(&client).await == 1).await;
    drop(leaving);
    until("no cursor after the client has left", async || {
        open_cursors(&client).await == 0
    })
    .await;

    let mut idle = app.wire().await;
    idle.write(REQUEST).await;
    idle.read_until("[").await;
    until("a cursor", async || open_cursors(&client).await == 1).await;
    until("no cursor while the client does not read", async || {
        open_cursors(&client).await == 0
    })
    .await;
    let rest = idle.read_to_end().await;
    assert!(!rest.ends_with("0\r\n\r\n"), "it looks complete");
}
