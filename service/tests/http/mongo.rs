//! The MongoDB of a test: one shared by the whole run, or a separate one for tests that break it.

use std::sync::LazyLock;

use sandbox::{Options, Sandbox};

/// Shared by tests that use separate databases.
static SHARED: LazyLock<Sandbox> = LazyLock::new(start);

/// Returns the shared MongoDB's URI with the root user.
pub(crate) async fn shared_uri() -> String {
    blocking(|| SHARED.mongodb_root_uri()).await
}

/// Starts a MongoDB for this test alone.
pub(crate) async fn own() -> Sandbox {
    blocking(start).await
}

/// Returns host and port of a MongoDB.
pub(crate) fn host_of(mongodb: &Sandbox) -> String {
    let uri = mongodb.mongodb_uri();
    let (_, host) = uri.rsplit_once('@').unwrap();
    let (host, _) = host.split_once('/').unwrap();
    host.to_owned()
}

fn start() -> Sandbox {
    let options = Options {
        control_plane: false,
        mongodb: true,
        directory: None,
    };
    Sandbox::start(&options).unwrap_or_else(|error| panic!("cannot start the sandbox: {error}"))
}

/// Runs blocking work, such as the sandbox's, off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Runs a blocking operation on MongoDB.
pub(crate) async fn with(mongodb: Sandbox, act: impl FnOnce(&Sandbox) + Send + 'static) -> Sandbox {
    blocking(move || {
        act(&mongodb);
        mongodb
    })
    .await
}
