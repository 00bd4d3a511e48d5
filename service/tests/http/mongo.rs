//! The MongoDB of a test: one for the whole run, or one of its own for tests that harm it.

use std::sync::LazyLock;

use sandbox::{Options, Sandbox};

/// Shared by all tests that only use databases of their own.
static SHARED: LazyLock<Sandbox> = LazyLock::new(start);

/// The root user's URI of the shared MongoDB.
pub(crate) async fn shared_uri() -> String {
    blocking(|| SHARED.mongodb_root_uri()).await
}

/// Starts a MongoDB that only this test uses.
pub(crate) async fn own() -> Sandbox {
    blocking(start).await
}

/// Host and port of a MongoDB.
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
    Sandbox::start(&options).unwrap_or_else(|error| panic!("the sandbox does not start: {error}"))
}

/// The sandbox blocks, and a runtime must not.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
