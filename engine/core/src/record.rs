//! The record of an environment: everything that cannot be computed from its file.
//!
//! It is a Secret, because it holds generated passwords and the key of the hashes.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::object::hash::{from_hex, hex};
use crate::object::owner::{Owner, StackLabel};
use crate::object::{HashKey, Identity, Kind, ObjectId, kind_of, marks};
use crate::secret::{SecretDeclaration, SecretValue};

/// Version of the record's JSON.
const FORMAT_VERSION: u32 = 2;

/// The format before stacks had names; its secrets stand beside the other fields.
const FORMAT_WITHOUT_STACK: u32 = 1;

/// The only stack that ever wrote that format.
const FIRST_STACK: &str = "data-api";

/// Name of the one entry of the Secret.
const ENTRY: &str = "record.json";

/// Everything an environment must remember.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The environment and its stack.
    pub owner: Owner,
    /// UID of the cluster's `kube-system` namespace.
    pub cluster_id: String,
    /// Key of the hashes of Secrets.
    pub key: HashKey,
    /// Values that cannot be computed, by the names that the stack declares.
    pub secrets: BTreeMap<String, SecretValue>,
    /// The kinds in use: where orphans are looked for.
    pub kinds: BTreeSet<Kind>,
    /// The namespaces in use.
    pub namespaces: BTreeSet<String>,
    /// The claims that hold data.
    pub claims: Vec<Claim>,
    /// Objects that open data: never pruned while a claim exists.
    pub data_keys: BTreeSet<ObjectId>,
    /// The claims among [`Record::claims`] that the environment was given: never deleted.
    pub given_claims: BTreeSet<ObjectId>,
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

/// The record's JSON. Secrets and key stand in it as text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format_version: u32,
    stack: String,
    environment: String,
    #[serde(default, skip_serializing_if = "is_present")]
    stack_label: StackLabel,
    cluster_id: String,
    hash_key: String,
    secrets: BTreeMap<String, String>,
    kinds: BTreeSet<Kind>,
    namespaces: BTreeSet<String>,
    claims: Vec<Claim>,
    data_keys: BTreeSet<ObjectId>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    given_claims: BTreeSet<ObjectId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_present(label: &StackLabel) -> bool {
    *label == StackLabel::Present
}

/// The JSON of [`FORMAT_WITHOUT_STACK`].
#[derive(Deserialize)]
struct DocumentWithoutStack {
    environment: String,
    cluster_id: String,
    hash_key: String,
    kinds: BTreeSet<Kind>,
    namespaces: BTreeSet<String>,
    claims: Vec<Claim>,
    data_keys: BTreeSet<ObjectId>,
    #[serde(default)]
    given_claims: BTreeSet<ObjectId>,
    #[serde(rename = "format_version")]
    _format_version: u32,
    /// Every other field: `root_password`, `application_password`, `pull_password`.
    #[serde(flatten)]
    secrets: BTreeMap<String, String>,
}

impl From<DocumentWithoutStack> for Document {
    fn from(document: DocumentWithoutStack) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            stack: FIRST_STACK.to_owned(),
            environment: document.environment,
            stack_label: StackLabel::Absent,
            cluster_id: document.cluster_id,
            hash_key: document.hash_key,
            secrets: document.secrets,
            kinds: document.kinds,
            namespaces: document.namespaces,
            claims: document.claims,
            data_keys: document.data_keys,
            given_claims: document.given_claims,
        }
    }
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
    #[error("it has format {found}; this version of infra reads format {FORMAT_VERSION} and older")]
    Version {
        /// The format found.
        found: u32,
    },
    /// The key is no 32 bytes.
    #[error("its hash key is not 32 bytes in hexadecimal digits")]
    Key,
}

impl Record {
    /// The first record of an environment, without secrets.
    #[must_use]
    pub fn new(owner: Owner, cluster_id: &str, key: HashKey) -> Self {
        Self {
            owner,
            cluster_id: cluster_id.to_owned(),
            key,
            secrets: BTreeMap::new(),
            kinds: BTreeSet::new(),
            namespaces: BTreeSet::new(),
            claims: Vec::new(),
            data_keys: BTreeSet::new(),
            given_claims: BTreeSet::new(),
        }
    }

    /// A secret that the stack has declared.
    ///
    /// # Panics
    /// When it was not declared: a record is completed with all declared secrets before a stack is made from it.
    #[must_use]
    pub fn secret(&self, name: &str) -> &SecretValue {
        self.secrets.get(name).expect("the stack declares its secrets")
    }

    /// Adds empty values for declared secrets, where only the names in the declared objects matter.
    pub fn fill_with_placeholders(&mut self, declarations: &[SecretDeclaration]) {
        for declaration in declarations {
            let name = declaration.name.to_owned();
            self.secrets.entry(name).or_insert_with(|| String::new().into());
        }
    }

    /// The record as the Secret that holds it.
    ///
    /// # Panics
    /// Never: a record consists of text and lists.
    #[must_use]
    pub fn to_secret(&self, namespace: &str) -> Value {
        let document = Document {
            format_version: FORMAT_VERSION,
            stack: self.owner.stack.clone(),
            environment: self.owner.environment.clone(),
            stack_label: self.owner.stack_label,
            cluster_id: self.cluster_id.clone(),
            hash_key: hex(self.key.as_bytes()),
            secrets: self
                .secrets
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().to_owned()))
                .collect(),
            kinds: self.kinds.clone(),
            namespaces: self.namespaces.clone(),
            claims: self.claims.clone(),
            data_keys: self.data_keys.clone(),
            given_claims: self.given_claims.clone(),
        };
        let text = serde_json::to_string(&document).expect("a record serialises to JSON");
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.owner.record_name,
                "namespace": namespace,
                "labels": {
                    "app.kubernetes.io/managed-by": "infra",
                    (marks::RECORD): self.owner.environment,
                    (marks::STACK): self.owner.stack,
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
        Self::from_entry(&secret["data"][ENTRY], &name).map_err(|source| RecordError::Damaged {
            namespace,
            name,
            source,
        })
    }

    fn from_entry(entry: &Value, record_name: &str) -> Result<Self, DamagedRecord> {
        let bytes = entry
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .ok_or(DamagedRecord::Entry)?;
        let place = |error: serde_json::Error| DamagedRecord::Json {
            line: error.line(),
            column: error.column(),
        };
        let version: Value = serde_json::from_slice(&bytes).map_err(place)?;
        let version = version["format_version"]
            .as_u64()
            .map(|found| u32::try_from(found).unwrap_or(u32::MAX));
        let document: Document = match version {
            Some(FORMAT_WITHOUT_STACK) => serde_json::from_slice::<DocumentWithoutStack>(&bytes)
                .map_err(place)?
                .into(),
            Some(FORMAT_VERSION) | None => serde_json::from_slice(&bytes).map_err(place)?,
            Some(found) => return Err(DamagedRecord::Version { found }),
        };
        let key = from_hex(&document.hash_key)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(DamagedRecord::Key)?;
        let owner = Owner {
            stack_label: document.stack_label,
            ..Owner::with_record_name(&document.stack, &document.environment, record_name)
        };
        let secrets = document.secrets.into_iter();
        Ok(Self {
            owner,
            cluster_id: document.cluster_id,
            key: HashKey::new(key),
            secrets: secrets
                .map(|(name, value)| (name, SecretValue::from(value)))
                .collect(),
            kinds: document.kinds,
            namespaces: document.namespaces,
            claims: document.claims,
            data_keys: document.data_keys,
            given_claims: document.given_claims,
        })
    }

    /// Identity of the Secret that holds the record.
    #[must_use]
    pub fn id(owner: &Owner, namespace: &str) -> ObjectId {
        ObjectId::from(Identity {
            kind: kind_of::<k8s_openapi::api::core::v1::Secret>(),
            namespace: Some(namespace.to_owned()),
            name: owner.record_name.clone(),
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
        let owner = Owner::new("web", "shop");
        let mut record = Record::new(owner, "cluster", HashKey::new([0xab; 32]));
        record
            .secrets
            .insert("password".to_owned(), "p@ss".to_owned().into());
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
            other @ RecordError::NotARecord { .. } => other.to_string(),
        }
    }

    #[test]
    fn a_record_comes_back_from_its_secret() {
        let mut before = record();
        before.given_claims.insert(Record::id(&before.owner, "database"));
        let after = Record::from_secret(&before.to_secret("infra-system")).unwrap();
        assert_eq!(after, before);
        before.owner.stack_label = StackLabel::Absent;
        let after = Record::from_secret(&before.to_secret("infra-system")).unwrap();
        assert_eq!(after, before);
    }

    /// The text is a record as it was written before stacks had names.
    #[test]
    fn a_record_without_a_stack_is_that_of_the_first_stack() {
        let text = r#"{
            "format_version": 1, "environment": "shop", "cluster_id": "cluster",
            "root_password": "r", "application_password": "a", "pull_password": "p",
            "hash_key": "abababababababababababababababababababababababababababababababab",
            "kinds": [{"group": "apps", "version": "v1", "kind": "Deployment", "plural": "deployments", "namespaced": true}],
            "namespaces": ["app"],
            "claims": [{"namespace": "database", "name": "data-mongodb-0", "uid": "u", "volume": "v"}],
            "data_keys": [],
            "given_claims": []
        }"#;
        let secret = json!({
            "metadata": {"name": "infra-shop", "namespace": "infra-system", "labels": {marks::RECORD: "shop"}},
            "data": {ENTRY: STANDARD.encode(text)},
        });
        let read = Record::from_secret(&secret).unwrap();
        assert_eq!(read.owner.to_string(), "data-api/shop");
        assert_eq!(read.owner.record_name, "infra-shop");
        assert_eq!(read.owner.stack_label, StackLabel::Absent);
        let secrets = ["root_password", "application_password", "pull_password"];
        assert_eq!(secrets.map(|name| read.secret(name).expose()), ["r", "a", "p"]);
        assert_eq!(read.claims, record().claims);
        assert_eq!(read.key, record().key);
        // What is written from it is read as the same.
        assert_eq!(
            Record::from_secret(&read.to_secret("infra-system")).unwrap(),
            read
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let record = record();
        let shown = format!("{record:?}");
        assert!(!shown.contains("p@ss"));
        assert!(!shown.contains(&hex(record.key.as_bytes())));
    }

    #[test]
    fn each_kind_of_damage_is_named() {
        assert_eq!(
            damaged(|secret| secret["metadata"]["labels"] = json!({})),
            "Secret `infra-web-shop` in namespace `infra-system` is not a record of this program"
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
            "it has format 9; this version of infra reads format 2 and older"
        );
    }
}
