//! MongoDB's users: created at the first start, repaired at every later one.

use std::time::Duration;

use mongodb::{
    Client,
    bson::{Document, doc},
    error::{Error, ErrorKind},
    options::{ClientOptions, Credential, ServerAddress},
};

use crate::{
    credentials::{APPLICATION_USER, Credentials, DATABASE, ROOT_USER},
    ports::Ports,
};

/// A local MongoDB answers within milliseconds, and the caller retries.
const TIMEOUT: Duration = Duration::from_secs(2);
/// MongoDB's error code for an existing user.
const USER_EXISTS: i32 = 51003;

/// Ensures that both users exist with these passwords, and that root can log in.
///
/// # Errors
/// While MongoDB does not answer yet; the caller retries.
pub(crate) async fn ensure_users(ports: Ports, credentials: &Credentials) -> Result<(), Error> {
    let root = connect(ports, Some((ROOT_USER, &credentials.root_password)))?;
    if ping(&root).await.is_err() {
        create_root(ports, credentials).await?;
        ping(&root).await?;
    }
    let result = ensure_application_user(&root, credentials).await;
    root.shutdown().await;
    result
}

/// Uses MongoDB's localhost exception: without any users, local connections need no login.
async fn create_root(ports: Ports, credentials: &Credentials) -> Result<(), Error> {
    let anonymous = connect(ports, None)?;
    let command = doc! { "createUser": ROOT_USER, "pwd": &credentials.root_password, "roles": ["root"] };
    let result = run(&anonymous, "admin", command).await;
    anonymous.shutdown().await;
    result
}

async fn ensure_application_user(root: &Client, credentials: &Credentials) -> Result<(), Error> {
    let command = |verb: &str| {
        let roles = vec![doc! { "role": "readWrite", "db": DATABASE }];
        doc! { verb: APPLICATION_USER, "pwd": &credentials.application_password, "roles": roles }
    };
    match run(root, DATABASE, command("createUser")).await {
        Err(error) if is_code(&error, USER_EXISTS) => run(root, DATABASE, command("updateUser")).await,
        other => other,
    }
}

async fn ping(client: &Client) -> Result<(), Error> {
    run(client, "admin", doc! { "ping": 1 }).await
}

async fn run(client: &Client, database: &str, command: Document) -> Result<(), Error> {
    // A timeout costs the connection, but the client is short-lived anyway.
    let answer = tokio::time::timeout(TIMEOUT, client.database(database).run_command(command)).await;
    answer
        .map_err(|_elapsed| Error::from(std::io::Error::from(std::io::ErrorKind::TimedOut)))?
        .map(drop)
}

fn connect(ports: Ports, login: Option<(&str, &str)>) -> Result<Client, Error> {
    let host = ServerAddress::Tcp {
        host: "127.0.0.1".into(),
        port: Some(ports.mongodb),
    };
    let credential = login.map(|(user, password)| {
        Credential::builder()
            .username(user.to_owned())
            .password(password.to_owned())
            .source("admin".to_owned())
            .build()
    });
    let options = ClientOptions::builder()
        .hosts(vec![host])
        .direct_connection(true)
        .server_selection_timeout(TIMEOUT)
        .connect_timeout(TIMEOUT)
        .credential(credential)
        .build();
    Client::with_options(options)
}

fn is_code(error: &Error, code: i32) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == code)
}
