//! A panic in a handler becomes an answer; without this the socket is closed without a word.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

/// Runs what handles the request, and tells whether it panicked. The panic itself was logged by the hook of
/// [`crate::logging`].
pub(super) async fn caught(handling: impl Future<Output = ()>) -> bool {
    // What the handler left half done is the answer, which is replaced.
    AssertUnwindSafe(handling).catch_unwind().await.is_err()
}
