//! The state hash: a digest of the last applied configuration. Pure.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::canonical::canonical_json;

/// Version of the hash's algorithm. A hash of another version is restored like a lost mark.
const VERSION: &str = "v1";

/// The environment's key for the hashes of its Secrets, so that a hash reveals nothing about a value.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey([u8; 32]);

impl HashKey {
    /// Wraps key bytes from the record.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes, for the record alone.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey(…)")
    }
}

/// SHA-256 over the canonical JSON of a desired object, written `v1:<64 hex>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateHash([u8; 32]);

impl StateHash {
    /// Hashes an object that holds no secret.
    #[must_use]
    pub fn plain(object: &Value) -> Self {
        Self(Sha256::digest(canonical_json(object)).into())
    }

    /// Hashes a Secret with the environment's key (HMAC-SHA-256).
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[must_use]
    pub fn keyed(object: &Value, key: &HashKey) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(&canonical_json(object));
        Self(mac.finalize().into_bytes().into())
    }

    /// Whether an annotation holds this hash.
    #[must_use]
    pub fn is(&self, annotation: &str) -> bool {
        let digits = annotation
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix(':'));
        digits.is_some_and(|digits| {
            digits.len() == 2 * self.0.len()
                && digits
                    .as_bytes()
                    .chunks_exact(2)
                    .zip(&self.0)
                    .all(|(pair, byte)| *pair == two_digits(*byte))
        })
    }
}

impl fmt::Display for StateHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{VERSION}:{}", hex(&self.0))
    }
}

/// Writes bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| two_digits(*byte).map(char::from))
        .collect()
}

fn two_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)])
}

/// Reads bytes written by [`hex`]; `None` when `text` is something else.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|start| u8::from_str_radix(&text[start..start + 2], 16).ok())
        .collect()
}
