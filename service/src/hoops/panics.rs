//! A panic in a handler becomes an answer; without this the socket is closed without a word.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use salvo::{Depot, FlowCtrl, Request, Response, Writer, handler};

use crate::error::Error;

/// Answers 500 when a handler panics. The panic itself was logged by the hook of [`crate::logging`].
#[handler]
pub(crate) async fn catch_panics(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    // What the handler left half done is the answer, which is replaced.
    let handled = AssertUnwindSafe(flow.call_next(request, depot, response))
        .catch_unwind()
        .await;
    if handled.is_err() {
        flow.skip_rest();
        Error::Internal.write(request, depot, response).await;
    }
}
