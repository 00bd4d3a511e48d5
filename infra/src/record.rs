//! The record of an environment: the one home of what cannot be computed from its file.
//!
//! It is a Secret, because it holds the generated passwords and the key of the hashes.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::environment::Password;
use crate::object::hash::{from_hex, hex};
use crate::object::{HashKey, Identity, Kind, ObjectId, kind_of, marks};

/// Version of the record's JSON.
const FORMAT_VERSION: u32 = 1;

/// Name of the one entry of the Secret.
const ENTRY: &str = "record.json";

/// What an environment has to remember.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The environment's name.
    pub environment: String,
    /// UID of the cluster's `kube-system` namespace.
    pub cluster_id: String,
    /// The generated passwords of the database's users.
    pub credentials: Credentials,
    /// Key of the hashes of Secrets.
    pub key: HashKey,
    /// The kinds in use: where to look for objects that are no longer wanted.
    pub kinds: BTreeSet<Kind>,
    /// The namespaces in use.
    pub namespaces: BTreeSet<String>,
    /// The claims that hold data.
    pub claims: Vec<Claim>,
    /// Objects that open data: never pruned while a claim is there.
    pub data_keys: BTreeSet<ObjectId>,
    /// The claims among [`Record::claims`] that somebody made for the environment: never deleted.
    pub given_claims: BTreeSet<ObjectId>,
    /// The password with which images are pulled, from the last apply that was given one.
    pub pull_password: Option<Password>,
}

/// The database's passwords, 48 hexadecimal digits each.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Of the user `root`.
    pub root: SecretString,
    /// Of the user with which the data API logs in.
    pub application: SecretString,
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.root.expose_secret() == other.root.expose_secret()
            && self.application.expose_secret() == other.application.expose_secret()
    }
}

/// A claim that holds data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: a claim of the same name with another UID holds other data.
    pub uid: String,
    /// The volume it is bound to; empty before it is bound.
    pub volume: String,
}

impl Claim {
    /// Whether the claim has this name, whatever its UID.
    #[must_use]
    pub fn is_named(&self, id: &ObjectId) -> bool {
        Some(&self.namespace) == id.namespace.as_ref() && self.name == id.name
    }

    /// Whether another claim has the same name, whatever its UID.
    #[must_use]
    pub fn is_namesake_of(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.name == other.name
    }
}

/// The record's JSON. Passwords and key stand in it as text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format_version: u32,
    environment: String,
    cluster_id: String,
    root_password: String,
    application_password: String,
    hash_key: String,
    kinds: BTreeSet<Kind>,
    namespaces: BTreeSet<String>,
    claims: Vec<Claim>,
    data_keys: BTreeSet<ObjectId>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    given_claims: BTreeSet<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pull_password: Option<String>,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The Secret is there but not a record of this program.
    #[error("Secret `{name}` in namespace `{namespace}` is not a record of this program")]
    NotARecord {
        /// The Secret's namespace.
        namespace: String,
        /// The Secret's name.
        name: String,
    },
    /// The record's text is damaged.
    #[error("record `{name}` in namespace `{namespace}` cannot be read")]
    Damaged {
        /// The Secret's namespace.
        namespace: String,
        /// The Secret's name.
        name: String,
        /// What is wrong with it. Never quotes the text.
        source: DamagedRecord,
    },
    /// The system gave no random bytes.
    #[error("the operating system gave no random bytes for the passwords")]
    NoRandomness(#[source] getrandom::Error),
}

/// What is wrong with a record's text. Never quotes it, because it holds passwords.
#[derive(Debug, thiserror::Error)]
pub enum DamagedRecord {
    /// Not base64.
    #[error("its entry `{ENTRY}` is missing or not base64")]
    Entry,
    /// Not the expected JSON.
    #[error("its JSON is wrong at line {line}, column {column}")]
    Json {
        /// Line in the JSON, from 1.
        line: usize,
        /// Column in the JSON, from 1.
        column: usize,
    },
    /// Written by a later version.
    #[error("it has format {found}; this version of infra reads format {FORMAT_VERSION}")]
    Version {
        /// The format found.
        found: u32,
    },
    /// The key is no 32 bytes.
    #[error("its hash key is not 32 bytes in hexadecimal digits")]
    Key,
}

/// Name of the Secret that holds an environment's record.
#[must_use]
pub fn secret_name(environment: &str) -> String {
    format!("infra-{environment}")
}

impl Credentials {
    /// Makes new passwords.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, RecordError> {
        Ok(Self {
            root: password()?,
            application: password()?,
        })
    }
}

/// 24 random bytes: out of reach of guessing, and hexadecimal digits need no quoting anywhere.
fn password() -> Result<SecretString, RecordError> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(RecordError::NoRandomness)?;
    Ok(SecretString::from(hex(&bytes)))
}

impl Record {
    /// Makes the first record of an environment.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(environment: &str, cluster_id: &str, credentials: Credentials) -> Result<Self, RecordError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(RecordError::NoRandomness)?;
        Ok(Self {
            environment: environment.to_owned(),
            cluster_id: cluster_id.to_owned(),
            credentials,
            key: HashKey::new(key),
            kinds: BTreeSet::new(),
            namespaces: BTreeSet::new(),
            claims: Vec::new(),
            data_keys: BTreeSet::new(),
            given_claims: BTreeSet::new(),
            pull_password: None,
        })
    }

    /// The record as the Secret that holds it.
    ///
    /// # Panics
    /// Never: a record consists of text and lists.
    #[must_use]
    pub fn to_secret(&self, namespace: &str) -> Value {
        let document = Document {
            format_version: FORMAT_VERSION,
            environment: self.environment.clone(),
            cluster_id: self.cluster_id.clone(),
            root_password: self.credentials.root.expose_secret().to_owned(),
            application_password: self.credentials.application.expose_secret().to_owned(),
            hash_key: hex(self.key.as_bytes()),
            kinds: self.kinds.clone(),
            namespaces: self.namespaces.clone(),
            claims: self.claims.clone(),
            data_keys: self.data_keys.clone(),
            given_claims: self.given_claims.clone(),
            pull_password: self
                .pull_password
                .as_ref()
                .map(|password| password.expose().to_owned()),
        };
        let text = serde_json::to_string(&document).expect("a record serialises to JSON");
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": secret_name(&self.environment),
                "namespace": namespace,
                "labels": {
                    "app.kubernetes.io/managed-by": "infra",
                    (marks::RECORD): self.environment,
                },
            },
            "type": "infra.internal/record",
            "data": { (ENTRY): STANDARD.encode(text) },
        })
    }

    /// Reads the record from the Secret that holds it.
    ///
    /// # Errors
    /// When the Secret is not a record, or damaged.
    pub fn from_secret(secret: &Value) -> Result<Self, RecordError> {
        let text = |field: &str| secret["metadata"][field].as_str().unwrap_or_default();
        let (namespace, name) = (text("namespace").to_owned(), text("name").to_owned());
        if marks::label(secret, marks::RECORD).is_none() {
            return Err(RecordError::NotARecord { namespace, name });
        }
        Self::from_entry(&secret["data"][ENTRY]).map_err(|source| RecordError::Damaged {
            namespace,
            name,
            source,
        })
    }

    fn from_entry(entry: &Value) -> Result<Self, DamagedRecord> {
        let bytes = entry
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .ok_or(DamagedRecord::Entry)?;
        let place = |error: serde_json::Error| DamagedRecord::Json {
            line: error.line(),
            column: error.column(),
        };
        let version: Value = serde_json::from_slice(&bytes).map_err(place)?;
        match version["format_version"].as_u64() {
            Some(found) if found != u64::from(FORMAT_VERSION) => {
                return Err(DamagedRecord::Version {
                    found: u32::try_from(found).unwrap_or(u32::MAX),
                });
            }
            _ => {}
        }
        let document: Document = serde_json::from_slice(&bytes).map_err(place)?;
        let key = from_hex(&document.hash_key)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(DamagedRecord::Key)?;
        Ok(Self {
            environment: document.environment,
            cluster_id: document.cluster_id,
            credentials: Credentials {
                root: SecretString::from(document.root_password),
                application: SecretString::from(document.application_password),
            },
            key: HashKey::new(key),
            kinds: document.kinds,
            namespaces: document.namespaces,
            claims: document.claims,
            data_keys: document.data_keys,
            given_claims: document.given_claims,
            pull_password: document.pull_password.map(Password::from),
        })
    }

    /// Identity of the Secret that holds the record.
    #[must_use]
    pub fn id(environment: &str, namespace: &str) -> ObjectId {
        ObjectId::from(Identity {
            kind: kind_of::<k8s_openapi::api::core::v1::Secret>(),
            namespace: Some(namespace.to_owned()),
            name: secret_name(environment),
        })
    }

    /// Whether nothing is left to remember, so that the record can go.
    #[must_use]
    pub fn remembers_nothing(&self) -> bool {
        self.kinds.is_empty()
            && self.namespaces.is_empty()
            && self.claims.is_empty()
            && self.data_keys.is_empty()
    }

    /// The claim recorded under this name.
    #[must_use]
    pub fn claim(&self, id: &ObjectId) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.is_named(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::new("shop", "cluster", Credentials::generate().unwrap()).unwrap();
        record.namespaces.insert("app".to_owned());
        record.claims.push(Claim {
            namespace: "database".to_owned(),
            name: "data-mongodb-0".to_owned(),
            uid: "u".to_owned(),
            volume: "v".to_owned(),
        });
        record
    }

    fn damaged(change: impl FnOnce(&mut Value)) -> String {
        let mut secret = record().to_secret("infra-system");
        change(&mut secret);
        let error = Record::from_secret(&secret).unwrap_err();
        match error {
            RecordError::Damaged { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }

    #[test]
    fn a_record_comes_back_from_its_secret() {
        let mut before = record();
        before.pull_password = Some(Password::from("p@ss".to_owned()));
        before.given_claims.insert(Record::id("shop", "database"));
        let after = Record::from_secret(&before.to_secret("infra-system")).unwrap();
        assert_eq!(
            after.credentials.root.expose_secret(),
            before.credentials.root.expose_secret()
        );
        assert_eq!(after.key, before.key);
        assert_eq!(after.claims, before.claims);
        assert_eq!(after, before);
    }

    #[test]
    fn debug_shows_no_secret() {
        let record = record();
        let shown = format!("{record:?}");
        assert!(!shown.contains(record.credentials.root.expose_secret()));
        assert!(!shown.contains(&hex(record.key.as_bytes())));
    }

    #[test]
    fn each_kind_of_damage_is_named() {
        assert_eq!(
            damaged(|secret| secret["metadata"]["labels"] = json!({})),
            "Secret `infra-shop` in namespace `infra-system` is not a record of this program"
        );
        assert_eq!(
            damaged(|secret| secret["data"] = json!({})),
            "its entry `record.json` is missing or not base64"
        );
        assert_eq!(
            damaged(|secret| secret["data"][ENTRY] = json!(STANDARD.encode("{"))),
            "its JSON is wrong at line 1, column 1"
        );
        assert_eq!(
            damaged(|secret| secret["data"][ENTRY] = json!(STANDARD.encode("{\"format_version\":9}"))),
            "it has format 9; this version of infra reads format 1"
        );
    }
}
