//! A key shared by all processes with the same connection string and collection.

use std::fmt;

use hmac::Hmac;
use sha2::Sha256;

use super::{ConnectionString, Namespace};

/// PBKDF2 iterations: a collected cursor must not allow fast password guessing.
///
/// About 50 ms once per process, on a blocking thread.
const ROUNDS: u32 = 100_000;

/// The key that signs cursors.
#[derive(Clone, Copy)]
pub(crate) struct SigningKey([u8; 32]);

impl SigningKey {
    /// Derives the key with PBKDF2 from the connection string and the collection.
    pub(super) fn derive(uri: &ConnectionString, namespace: &Namespace) -> Self {
        let salt = format!(
            "service, key for cursors\0{}\0{}",
            namespace.database, namespace.collection
        );
        let mut key = [0; 32];
        // Fails only for a key length that HMAC rejects, and it accepts all.
        let _ = pbkdf2::pbkdf2::<Hmac<Sha256>>(uri.secret().as_bytes(), salt.as_bytes(), ROUNDS, &mut key);
        Self(key)
    }

    #[cfg(test)]
    pub(crate) fn from_bytes(key: [u8; 32]) -> Self {
        Self(key)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(…)")
    }
}
