//! `Idempotency-Key`: the key determines the `_id`, so that MongoDB itself refuses a second document. Pure.

use bson::oid::ObjectId;
use salvo::http::HeaderMap;
use salvo::http::header::HeaderName;
use sha2::{Digest as _, Sha256};

use crate::error::IdempotencyKeyError;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// The limit that drafts and users of the header agree on.
const MAXIMUM_CHARACTERS: usize = 255;

/// Returns the `_id` that the request's key determines, if it has one.
pub(super) fn id(headers: &HeaderMap) -> Result<Option<ObjectId>, IdempotencyKeyError> {
    let mut keys = headers.get_all(HEADER).iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => id_of(key.as_bytes()).map(Some),
        (Some(_), Some(_)) => Err(IdempotencyKeyError::Repeated),
    }
}

/// The first 96 of the hash's 256 bits, still too many for an accidental collision.
fn id_of(key: &[u8]) -> Result<ObjectId, IdempotencyKeyError> {
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte);
    if key.is_empty() || key.len() > MAXIMUM_CHARACTERS || !key.iter().all(is_printable) {
        return Err(IdempotencyKeyError::Invalid {
            maximum: MAXIMUM_CHARACTERS,
        });
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
    fn invalid_keys_are_refused() {
        for key in [&b""[..], &[b'a'; 256], "é".as_bytes(), b"a\tb", b"\x7f"] {
            let maximum = MAXIMUM_CHARACTERS;
            assert_eq!(
                id_of(key),
                Err(IdempotencyKeyError::Invalid { maximum }),
                "{key:?}"
            );
        }
    }
}
