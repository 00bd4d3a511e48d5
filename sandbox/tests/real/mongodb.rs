//! MongoDB: access rights, and durability after a crash.

use std::sync::{Mutex, PoisonError};

use mongodb::{
    Client,
    bson::{Document, doc},
    options::WriteConcern,
};
use tokio::runtime::Runtime;

use crate::shared;

/// One test stops MongoDB, which would fail the others.
static EXCLUSIVE: Mutex<()> = Mutex::new(());

fn with_client<T>(uri: &str, act: impl AsyncFnOnce(Client) -> T) -> T {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async { act(Client::with_uri_str(uri).await.unwrap()).await })
}

#[test]
fn access_without_a_password_is_refused() {
    let _exclusive = EXCLUSIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let uri = shared::sandbox().mongodb_uri();
    let (_, address) = uri.split_once('@').unwrap();
    let found = with_client(&format!("mongodb://{address}"), async |client| {
        client
            .database("flask_db")
            .collection::<Document>("data")
            .find_one(doc! {})
            .await
    });
    assert!(found.unwrap_err().to_string().contains("authentication"));
}

#[test]
fn the_application_user_reaches_its_own_database_only() {
    let _exclusive = EXCLUSIVE.lock().unwrap_or_else(PoisonError::into_inner);
    with_client(&shared::sandbox().mongodb_uri(), async |client| {
        client
            .database("flask_db")
            .collection("own")
            .insert_one(doc! {"a": 1})
            .await
            .unwrap();
        let refused = client
            .database("another")
            .collection::<Document>("data")
            .find_one(doc! {})
            .await;
        assert!(refused.unwrap_err().to_string().contains("not authorized"));
        let refused = client.database("admin").run_command(doc! {"usersInfo": 1}).await;
        assert!(refused.unwrap_err().to_string().contains("not authorized"));
    });
}

#[test]
fn documents_survive_a_crash_and_a_restart() {
    let _exclusive = EXCLUSIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let sandbox = shared::sandbox();
    let uri = sandbox.mongodb_root_uri();
    with_client(&uri, async |client| {
        // Without this, MongoDB acknowledges before it journals, and a crash can lose the document.
        let journaled = WriteConcern::builder().journal(true).build();
        let kept = client.database("flask_db").collection("kept");
        kept.insert_one(doc! {"a": 1})
            .write_concern(journaled)
            .await
            .unwrap();
    });
    let first = sandbox.mongodb_pid();
    sandbox.kill_mongodb().unwrap();
    assert_eq!(sandbox.mongodb_pid(), 0);
    sandbox.restart_mongodb().unwrap();
    assert!(sandbox.mongodb_pid() != 0 && sandbox.mongodb_pid() != first);
    assert_eq!(sandbox.mongodb_root_uri(), uri);
    let count = with_client(&uri, async |client| {
        client
            .database("flask_db")
            .collection::<Document>("kept")
            .count_documents(doc! {})
            .await
            .unwrap()
    });
    assert_eq!(count, 1);
}
