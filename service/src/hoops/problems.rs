//! Errors that nobody has described yet, such as 404 and 405, become problem documents too.

use salvo::{Depot, Response};

use crate::problem::Problem;

/// Writes the problem document of an answer from 400 on that has no body.
pub(super) fn describe(depot: &Depot, response: &mut Response) {
    let Some(status) = response.status_code else {
        return;
    };
    let is_error = status.is_client_error() || status.is_server_error();
    if is_error && (response.body.is_none() || response.body.is_error()) {
        Problem::of_status(status).write_to(depot, response);
    }
}
