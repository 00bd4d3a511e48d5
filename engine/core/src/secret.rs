//! Values that must not be printed, and what a stack declares about those that its record keeps. Pure.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::object::ObjectId;
use crate::object::hash::hex;

/// A secret text. `Debug` does not show it, and it compares as a whole.
#[derive(Clone, Debug)]
pub struct SecretValue(SecretString);

impl SecretValue {
    /// Random bytes as hexadecimal digits, which need no quoting anywhere.
    #[must_use]
    pub fn from_random(bytes: &[u8]) -> Self {
        Self::from(hex(bytes))
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Reads an entry of a live Secret; `None` when it is missing, empty or not text.
    #[must_use]
    pub fn from_entry(secret: &Value, entry: &str) -> Option<Self> {
        let bytes = STANDARD.decode(secret["data"][entry].as_str()?).ok()?;
        let text = String::from_utf8(bytes).ok().filter(|text| !text.is_empty())?;
        Some(Self::from(text))
    }
}

impl FromStr for SecretValue {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text.to_owned()))
    }
}

impl From<String> for SecretValue {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl PartialEq for SecretValue {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SecretValue {}

/// A secret that a stack needs and its record keeps.
pub struct SecretDeclaration {
    /// Name of the secret in the record.
    pub name: &'static str,
    /// Where its value comes from.
    pub source: SecretSource,
    /// The live Secret from which the value is read back when the record is lost.
    pub live: ObjectId,
    /// Reads the value from that Secret; `None` when it is not there.
    pub read_back: ReadBack,
}

/// Reads a secret's value from the live Secret that holds it.
pub type ReadBack = Box<dyn Fn(&Value) -> Option<SecretValue> + Send + Sync>;

/// Where the value of a declared secret comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// The engine generates it once and never again over data that it opens.
    Generated {
        /// The data that cannot be read without it.
        opens: Option<ProtectedData>,
    },
    /// The user gives it; the record remembers the last one given.
    Given {
        /// The value, when it was given to this run.
        value: Option<SecretValue>,
        /// The secret in words, such as ``password for `registry.example.com` ``.
        description: String,
        /// How to give it.
        hint: String,
    },
}

/// Data that a generated secret opens.
#[derive(Clone, Debug)]
pub struct ProtectedData {
    /// The workload that uses the data.
    pub workload: ObjectId,
    /// The claim that holds the data.
    pub claim: ObjectId,
}

impl fmt::Debug for SecretDeclaration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecretDeclaration")
            .field("name", &self.name)
            .field("source", &self.source)
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}
