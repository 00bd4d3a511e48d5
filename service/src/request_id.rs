//! The id of a request: the client's or a random one. It is repeated in the answer, the log and every problem document.

use salvo::http::{HeaderValue, header::HeaderName};
use salvo::{Depot, Request, Response};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are replaced, because every log line repeats them.
const MAXIMUM_CHARACTERS: usize = 128;

struct RequestId(HeaderValue);

/// Returns the request's id; empty only before [`assign`] has run.
pub(crate) fn request_id(depot: &Depot) -> &str {
    let id = depot.get_typed::<RequestId>().ok();
    id.and_then(|id| id.0.to_str().ok()).unwrap_or_default()
}

/// Assigns the request its id, and adds it to the answer.
pub(crate) fn assign(request: &Request, depot: &mut Depot, response: &mut Response) {
    let given = request.headers().get(HEADER);
    let id = given
        .filter(|id| is_valid(id.as_bytes()))
        .cloned()
        .unwrap_or_else(random);
    response.headers_mut().insert(HEADER, id.clone());
    depot.insert_typed(RequestId(id));
}

/// Accepts ids that need no escaping: UUIDs, ULIDs, hex, and proxies' ids such as `a1:b2/c3`.
fn is_valid(id: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    !id.is_empty() && id.len() <= MAXIMUM_CHARACTERS && id.iter().all(is_plain)
}

/// Returns 32 hexadecimal digits.
fn random() -> HeaderValue {
    let id = format!("{:032x}", rand::random::<u128>());
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_unique() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| random()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 32));
    }

    #[test]
    fn ids_with_spaces_quotes_or_excess_length_are_replaced() {
        assert!(is_valid(b"0b3c2f7e-1d5a-4c58-9f0e-3a6a1f1a2b3c"));
        for id in ["", "a b", "a\"b", "é", "{}", &"x".repeat(129)] {
            assert!(!is_valid(id.as_bytes()), "{id}");
        }
    }
}
