//! The record in the cluster: loaded before a plan, created before the first write, and finished after the last.

mod secrets;

use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

use crate::cluster::{Cluster, ClusterError, Writer};
use engine_core::object::owner::Owner;
use engine_core::object::{HashKey, marks};
use engine_core::record::{Record, RecordError};
use engine_core::secret::SecretDeclaration;
use engine_core::stack::id_of;

/// A record, and whether the cluster holds it.
#[derive(Clone, Debug)]
pub enum LoadedRecord {
    /// The cluster holds it.
    Stored {
        /// The record, completed with the secrets of this run.
        record: Record,
        /// The record as the cluster holds it.
        written: Box<Record>,
        /// Version of the Secret that holds it, for the next write.
        resource_version: String,
    },
    /// It was lost: secrets were read back from live objects, the rest is new. Not stored yet.
    Recovered(Record),
    /// The environment is new. Not stored yet.
    New(Record),
}

/// Why there is no record to work with.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The cluster could not be reached or refused.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The record exists and cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The system gave no random bytes.
    #[error("the operating system gave no random bytes for secrets")]
    NoRandomness(#[source] getrandom::Error),
    /// The record belongs to another cluster.
    #[error("the record of `{environment}` was made for another cluster ({recorded}); this one is {live}")]
    OtherCluster {
        /// The environment.
        environment: String,
        /// The cluster in the record.
        recorded: String,
        /// This cluster.
        live: String,
    },
    /// The record belongs to another environment.
    #[error("the record of `{environment}` is a copy of that of `{recorded}`")]
    OtherEnvironment {
        /// The environment.
        environment: String,
        /// The environment in the record.
        recorded: String,
    },
    /// The record belongs to another stack.
    #[error("record `{record_name}` belongs to stack `{recorded}`, not to `{stack}`")]
    OtherStack {
        /// Name of the Secret.
        record_name: String,
        /// The stack.
        stack: String,
        /// The stack in the record.
        recorded: String,
    },
    /// The user has never given a secret that the stack needs.
    #[error("no {description} was ever given to `{environment}`")]
    SecretNotGiven {
        /// The environment.
        environment: String,
        /// The secret in words.
        description: String,
        /// How to give it.
        hint: String,
    },
    /// Data exists, and nothing that opens it.
    #[error("record and passwords of `{environment}` are lost, but its data is still there ({claim})")]
    SecretsLost {
        /// The environment.
        environment: String,
        /// The claim with the data.
        claim: String,
    },
}

impl LoadedRecord {
    /// The record itself.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::Stored { record, .. } | Self::Recovered(record) | Self::New(record) => record,
        }
    }

    fn record_mut(&mut self) -> &mut Record {
        match self {
            Self::Stored { record, .. } | Self::Recovered(record) | Self::New(record) => record,
        }
    }
}

/// Loads the record from the cluster; `None` when there is none.
///
/// # Errors
/// When the cluster cannot be reached, or the record cannot be used here.
pub async fn load(
    owner: &Owner,
    namespace: &str,
    cluster_id: &str,
    cluster: &Cluster,
) -> Result<Option<LoadedRecord>, LoadError> {
    let secret = cluster.read(&Record::id(owner, namespace)).await?;
    secret
        .map(|secret| from_secret(owner, cluster_id, &secret))
        .transpose()
}

/// Takes a Secret for the record of an environment in a cluster.
///
/// # Errors
/// When it is not a record, or that of another environment, stack or cluster.
pub fn from_secret(owner: &Owner, cluster_id: &str, secret: &Value) -> Result<LoadedRecord, LoadError> {
    let record = Record::from_secret(secret)?;
    if record.owner.stack != owner.stack {
        return Err(LoadError::OtherStack {
            record_name: record.owner.record_name,
            stack: owner.stack.clone(),
            recorded: record.owner.stack,
        });
    }
    // The label repeats the name outside of the text, so that a copy under another name is found either way.
    let label = marks::label(secret, marks::RECORD).unwrap_or_default();
    if record.owner.environment != owner.environment || label != owner.environment {
        return Err(LoadError::OtherEnvironment {
            environment: owner.environment.clone(),
            recorded: record.owner.environment,
        });
    }
    if record.cluster_id != cluster_id {
        return Err(LoadError::OtherCluster {
            environment: owner.environment.clone(),
            recorded: record.cluster_id,
            live: cluster_id.to_owned(),
        });
    }
    Ok(stored(record, secret))
}

/// Completes a loaded record with the declared secrets. Without a record, makes one: from the live objects where it was
/// lost, else with new secrets.
///
/// # Errors
/// When the cluster cannot be reached, new secrets would lock data away, or a secret was never given.
pub async fn complete(
    owner: &Owner,
    declarations: &[SecretDeclaration],
    loaded: Option<LoadedRecord>,
    cluster_id: &str,
    cluster: &Cluster,
) -> Result<LoadedRecord, LoadError> {
    let mut loaded = match loaded {
        Some(loaded) => loaded,
        None => secrets::recover(new(owner, cluster_id)?, declarations, cluster).await?,
    };
    secrets::fill(loaded.record_mut(), declarations)?;
    Ok(loaded)
}

/// A record with a new key and no secrets.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn new(owner: &Owner, cluster_id: &str) -> Result<Record, LoadError> {
    let key = HashKey::new(random()?);
    Ok(Record::new(owner.clone(), cluster_id, key))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], LoadError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(LoadError::NoRandomness)?;
    Ok(bytes)
}

/// Makes sure that the cluster holds the record, and returns the one that it holds.
///
/// The first write of an apply, before the lock. Of two runs that begin at once, one creates the record and the other loads
/// it: there is one set of secrets.
///
/// # Errors
/// When it cannot be created; then nothing else must be written.
pub async fn ensure(
    loaded: LoadedRecord,
    namespace: &str,
    cluster: &Cluster,
) -> Result<LoadedRecord, LoadError> {
    let record = match &loaded {
        LoadedRecord::Stored { .. } => return Ok(loaded),
        LoadedRecord::Recovered(record) | LoadedRecord::New(record) => record,
    };
    ensure_namespace(namespace, cluster).await?;
    let id = Record::id(&record.owner, namespace);
    match cluster.create(&id, &record.to_secret(namespace)).await {
        Ok(secret) => Ok(stored(record.clone(), &secret)),
        Err(error) if error.is_already_there() => {
            let other = load(&record.owner, namespace, &record.cluster_id, cluster);
            // Gone again in the same moment: then the creation's own answer is the best explanation.
            other.await?.ok_or_else(|| error.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn ensure_namespace(name: &str, cluster: &Cluster) -> Result<(), ClusterError> {
    let id = id_of::<Namespace>(None, name);
    match cluster.read(&id).await {
        Ok(Some(_)) => return Ok(()),
        // A user who may not read namespaces may still write into this one.
        Err(error) if error.is_forbidden() => return Ok(()),
        Ok(None) => {}
        Err(error) => return Err(error),
    }
    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": name, "labels": { "app.kubernetes.io/managed-by": "infra" } },
    });
    match cluster.create(&id, &namespace).await {
        Err(error) if !error.is_already_there() => Err(error),
        _ => Ok(()),
    }
}

fn stored(record: Record, secret: &Value) -> LoadedRecord {
    LoadedRecord::Stored {
        written: Box::new(record.clone()),
        record,
        resource_version: resource_version(secret),
    }
}

/// Stores `record` in place of the loaded one, unless the cluster holds it already. No one else may have written it since.
///
/// # Errors
/// When someone has, the lock is lost, or the server cannot be reached.
pub async fn store(
    loaded: LoadedRecord,
    record: Record,
    namespace: &str,
    writer: Writer<'_>,
) -> Result<LoadedRecord, ClusterError> {
    let LoadedRecord::Stored {
        written,
        resource_version,
        ..
    } = &loaded
    else {
        return Ok(loaded);
    };
    if **written == record {
        return Ok(loaded);
    }
    let mut secret = record.to_secret(namespace);
    secret["metadata"]["resourceVersion"] = json!(resource_version);
    let id = Record::id(&record.owner, namespace);
    match writer.replace(&id, &secret).await {
        Ok(secret) => Ok(stored(record, &secret)),
        // The record itself shows whether the write was carried out.
        Err(error @ (ClusterError::Broken { .. } | ClusterError::Deadline { .. })) => {
            match writer.cluster().read(&id).await? {
                Some(live) if Record::from_secret(&live).is_ok_and(|live| live == record) => {
                    Ok(stored(record, &live))
                }
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Stores the record after the last write of a run, or deletes it when nothing is left to remember.
///
/// # Errors
/// When someone has written it since, the lock is lost, or the server refuses or cannot be reached.
pub async fn finish(
    loaded: LoadedRecord,
    record: Record,
    namespace: &str,
    writer: Writer<'_>,
) -> Result<(), ClusterError> {
    if !record.remembers_nothing() {
        return store(loaded, record, namespace, writer).await.map(|_| ());
    }
    let LoadedRecord::Stored { resource_version, .. } = &loaded else {
        return Ok(());
    };
    let id = Record::id(&record.owner, namespace);
    match writer.cluster().read(&id).await? {
        Some(mut secret) => {
            secret["metadata"]["resourceVersion"] = json!(resource_version);
            writer.delete_version(&id, &secret).await
        }
        None => Ok(()),
    }
}

fn resource_version(secret: &Value) -> String {
    let version = secret["metadata"]["resourceVersion"].as_str();
    version.unwrap_or_default().to_owned()
}
