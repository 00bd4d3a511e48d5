//! A key that every process with the same connection string and collection has, and nobody else.

use std::fmt;

use hmac::Hmac;
use sha2::Sha256;

use super::{ConnectionString, Namespace};

/// How often the connection string is hashed: a cursor that somebody collects is no quick way to try out passwords.
///
/// About 50 ms once in the life of a process, on a thread of its own.
const ROUNDS: u32 = 100_000;

/// A key for seals on what clients bring back.
#[derive(Clone, Copy)]
pub(crate) struct SigningKey([u8; 32]);

impl SigningKey {
    /// Derives the key (PBKDF2). It changes with the connection string, and differs from collection to collection.
    pub(super) fn derive(uri: &ConnectionString, namespace: &Namespace) -> Self {
        let salt = format!(
            "service, key for cursors\0{}\0{}",
            namespace.database, namespace.collection
        );
        let mut key = [0; 32];
        // Fails for a key length that HMAC does not take, and it takes all.
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
