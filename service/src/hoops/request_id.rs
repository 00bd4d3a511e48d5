//! The id of a request: taken from the client or made up, and repeated in the answer, the log and every problem.

use salvo::http::{HeaderValue, header::HeaderName};
use salvo::{Depot, FlowCtrl, Request, Response, handler};

use super::trace::{TRACERESPONSE, Trace};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are replaced: they end up in every log line.
const MAXIMUM_CHARACTERS: usize = 128;

struct RequestId(String);

/// Returns the request's id; empty only before [`identify`] has run.
pub(crate) fn request_id(depot: &Depot) -> &str {
    depot.get_typed::<RequestId>().map_or("", |id| id.0.as_str())
}

/// Returns the trace that the request belongs to, if its sender says so.
pub(crate) fn trace(depot: &Depot) -> Option<&Trace> {
    depot.get_typed::<Trace>().ok()
}

/// Gives the request its id and its place in a trace, and the answer the headers with them.
#[handler]
pub(crate) async fn identify(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    let given = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok());
    let id = given.filter(|id| is_sane(id)).map_or_else(made_up, str::to_owned);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    depot.insert_typed(RequestId(id));
    if let Some(trace) = Trace::of(request.headers()) {
        if let Ok(value) = HeaderValue::from_str(&trace.response()) {
            response.headers_mut().insert(TRACERESPONSE, value);
        }
        depot.insert_typed(trace);
    }
    flow.call_next(request, depot, response).await;
}

/// Accepts what needs no escaping anywhere: UUIDs, ULIDs, hex, and ids of proxies such as `a1:b2/c3`.
fn is_sane(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    !id.is_empty() && id.len() <= MAXIMUM_CHARACTERS && id.bytes().all(is_plain)
}

fn made_up() -> String {
    let mut bytes = [0; 16];
    // Without randomness the ids are all zero, which is worse for finding a line and better than not answering.
    let _ = getrandom::fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_spaces_quotes_or_excess_length_are_replaced() {
        assert!(is_sane("0b3c2f7e-1d5a-4c58-9f0e-3a6a1f1a2b3c"));
        for id in ["", "a b", "a\"b", "é", "{}", &"x".repeat(129)] {
            assert!(!is_sane(id), "{id}");
        }
    }
}
