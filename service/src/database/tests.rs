//! Connection strings in, addresses or messages out; nothing connects.

use super::*;

async fn check(uri: &str, expected: &str) {
    let uri = ConnectionString::new(uri.to_owned());
    let message = match Database::prepare(&uri, Namespace::default(), Limits::default()).await {
        Ok(database) => database.addresses(),
        Err(error) => error.to_string(),
    };
    assert_eq!(message, expected);
}

#[tokio::test]
async fn addresses_are_shown_without_the_user() {
    check("mongodb://localhost:27017/", "localhost:27017").await;
    check(
        "mongodb://user:p%40ss@mongodb,other:1/flask_db?authSource=admin",
        "mongodb:27017, other:1",
    )
    .await;
}

#[tokio::test]
async fn an_invalid_connection_string_is_not_quoted() {
    let user = "invalid user name or password in the MongoDB connection string";
    let options = "invalid hosts or options in the MongoDB connection string";
    check(
        "localhost:27017",
        "the MongoDB connection string does not start with `mongodb://`",
    )
    .await;
    check("mongodb://user:p@ss/word@localhost/", user).await;
    check("mongodb://user:p%zz@localhost/", user).await;
    check("mongodb://user:secret@localhost:port/", options).await;
    check("mongodb://user:secret@localhost/?timeoutMS=1", options).await;
    check(
        "mongodb+srv://user:secret@host/",
        "`mongodb+srv://` connection strings are not supported",
    )
    .await;
}
