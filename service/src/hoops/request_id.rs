//! The id of a request: taken from the client or made up, and repeated in the answer, the log and every problem.

use std::cell::RefCell;

use salvo::http::{HeaderValue, header::HeaderName};
use salvo::{Depot, Request, Response};

use super::trace::{TRACERESPONSE, Trace};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are replaced: they end up in every log line.
const MAXIMUM_CHARACTERS: usize = 128;

struct RequestId(HeaderValue);

/// Returns the request's id; empty only before [`identify`] has run.
pub(crate) fn request_id(depot: &Depot) -> &str {
    let id = depot.get_typed::<RequestId>().ok();
    id.and_then(|id| id.0.to_str().ok()).unwrap_or_default()
}

/// Returns the trace that the request belongs to, if its sender says so.
pub(crate) fn trace(depot: &Depot) -> Option<&Trace> {
    depot.get_typed::<Trace>().ok()
}

/// Gives the request its id and its place in a trace, and the answer the headers with them.
pub(super) fn identify(request: &Request, depot: &mut Depot, response: &mut Response) {
    let given = request.headers().get(HEADER);
    let id = given
        .filter(|id| is_sane(id.as_bytes()))
        .cloned()
        .unwrap_or_else(made_up);
    response.headers_mut().insert(HEADER, id.clone());
    depot.insert_typed(RequestId(id));
    if let Some(trace) = Trace::of(request.headers()) {
        if let Ok(value) = HeaderValue::from_str(&trace.response()) {
            response.headers_mut().insert(TRACERESPONSE, value);
        }
        depot.insert_typed(trace);
    }
}

/// Accepts what needs no escaping anywhere: UUIDs, ULIDs, hex, and ids of proxies such as `a1:b2/c3`.
fn is_sane(id: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    !id.is_empty() && id.len() <= MAXIMUM_CHARACTERS && id.iter().all(is_plain)
}

/// Returns 32 hexadecimal digits.
fn made_up() -> HeaderValue {
    let bytes = RANDOM.with_borrow_mut(Random::take);
    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
    let digits: [[u8; 2]; 16] = bytes.map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
    // Digits are always a header's value.
    HeaderValue::from_bytes(digits.as_flattened()).unwrap_or(HeaderValue::from_static("none"))
}

thread_local! {
    static RANDOM: RefCell<Random> = const { RefCell::new(Random { bytes: [0; STOCK], used: STOCK }) };
}

/// Ids whose bytes are fetched at once: a call into the system costs more than all else about an id.
const STOCK: usize = 16 * 64;

struct Random {
    bytes: [u8; STOCK],
    used: usize,
}

impl Random {
    fn take(&mut self) -> [u8; 16] {
        if self.used == STOCK {
            // Without randomness ids come again, which is worse for finding a line and better than not answering.
            let _ = getrandom::fill(&mut self.bytes);
            self.used = 0;
        }
        let mut taken = [0; 16];
        taken.copy_from_slice(&self.bytes[self.used..self.used + 16]);
        self.used += 16;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_comes_twice() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| made_up()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 32));
    }

    #[test]
    fn ids_with_spaces_quotes_or_excess_length_are_replaced() {
        assert!(is_sane(b"0b3c2f7e-1d5a-4c58-9f0e-3a6a1f1a2b3c"));
        for id in ["", "a b", "a\"b", "é", "{}", &"x".repeat(129)] {
            assert!(!is_sane(id.as_bytes()), "{id}");
        }
    }
}
