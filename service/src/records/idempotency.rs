//! The header `Idempotency-Key`: the same key is the same `_id`, so that MongoDB itself refuses a second document. Pure.

use bson::oid::ObjectId;
use salvo::http::HeaderMap;
use salvo::http::header::HeaderName;
use sha2::{Digest as _, Sha256};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// What the drafts of the header and its users agree on.
const MAXIMUM_CHARACTERS: usize = 255;

/// Why a key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdempotencyKeyError {
    /// Two headers.
    #[error("the header `Idempotency-Key` stands twice")]
    Repeated,
    /// Empty, too long, or not ASCII.
    #[error("the header `Idempotency-Key` must be 1 to {MAXIMUM_CHARACTERS} printable ASCII characters")]
    Form,
}

/// Returns the `_id` that belongs to the key of a request, if it has one.
pub(super) fn id(headers: &HeaderMap) -> Result<Option<ObjectId>, IdempotencyKeyError> {
    let mut keys = headers.get_all(HEADER).iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => id_of(key.as_bytes()).map(Some),
        (Some(_), Some(_)) => Err(IdempotencyKeyError::Repeated),
    }
}

/// An `_id` has 96 bits, which are the first of the 256 of the key's hash: still too many to meet one by chance.
fn id_of(key: &[u8]) -> Result<ObjectId, IdempotencyKeyError> {
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte);
    if key.is_empty() || key.len() > MAXIMUM_CHARACTERS || !key.iter().all(is_printable) {
        return Err(IdempotencyKeyError::Form);
    }
    let hash = Sha256::digest(key);
    let mut id = [0; 12];
    id.copy_from_slice(&hash[..12]);
    Ok(ObjectId::from_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_start_of_its_sha_256() {
        // `printf abc | sha256sum`
        assert_eq!(id_of(b"abc").unwrap().to_hex(), "ba7816bf8f01cfea414140de");
        assert!(id_of(&[b'~'; 255]).is_ok());
    }

    #[test]
    fn other_keys_are_refused() {
        for key in [&b""[..], &[b'a'; 256], "é".as_bytes(), b"a\tb", b"\x7f"] {
            assert_eq!(id_of(key), Err(IdempotencyKeyError::Form), "{key:?}");
        }
    }
}
