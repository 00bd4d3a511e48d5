//! Errors that nobody has described yet, such as 404 and 405, become problem documents too.

use salvo::{Depot, FlowCtrl, Request, Response, handler};

use crate::problem::Problem;

/// Writes the problem document of an answer from 400 on that has no body.
#[handler]
pub(crate) async fn describe_errors(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    flow.call_next(request, depot, response).await;
    let Some(status) = response.status_code else {
        return;
    };
    let is_error = status.is_client_error() || status.is_server_error();
    if is_error && (response.body.is_none() || response.body.is_error()) {
        Problem::of_status(status).write_to(depot, response);
    }
}
