//! The answer to what was refused before it was a request.

use salvo::{Depot, FlowCtrl, Request, Response, Writer, handler};

use crate::error::Error;
use crate::wire::Refusal;

/// Answers the request that stands for a malformed one.
#[handler]
pub(crate) async fn answer_refusals(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    if let Some(refusal) = Refusal::of(request.method(), request.uri().path()) {
        Error::Refused(refusal).write(request, depot, response).await;
        flow.skip_rest();
    }
}
