//! One line in the log for every request, written when the head of the answer is ready or the client has gone.

use std::time::Instant;

use salvo::http::Method;
use salvo::{Depot, FlowCtrl, Request, Response, handler};
use tracing::Level;

use super::request_id;

/// The status in the log of a request whose client went away before the answer; nginx uses the same.
const CLIENT_WENT_AWAY: u16 = 499;

/// Logs the request. The query is left out: it may hold what is nobody's business.
#[handler]
pub(crate) async fn log_access(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    let mut line = Line {
        start: Instant::now(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        request_id: request_id(depot).to_owned(),
        status: CLIENT_WENT_AWAY,
    };
    flow.call_next(request, depot, response).await;
    line.status = response.status_code.map_or(200, |status| status.as_u16());
}

/// Written when it is dropped, so that a request that is given up has its line too.
struct Line {
    start: Instant,
    method: Method,
    path: String,
    request_id: String,
    status: u16,
}

impl Drop for Line {
    fn drop(&mut self) {
        let duration_ms = (self.start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    target: "access",
                    $level,
                    method = self.method.as_str(),
                    path = self.path,
                    status = self.status,
                    duration_ms,
                    request_id = self.request_id,
                    "request"
                )
            };
        }
        match self.status {
            500.. => line!(Level::ERROR),
            400.. => line!(Level::WARN),
            _ => line!(Level::INFO),
        }
    }
}
