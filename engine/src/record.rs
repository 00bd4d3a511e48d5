//! The record in the cluster: loaded before a plan, created before the first write and finished after the last.

mod secrets;

use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

use crate::cluster::{Cluster, ClusterError, Writer};
use engine_core::object::owner::Owner;
use engine_core::object::{HashKey, marks};
use engine_core::record::{Record, RecordError};
use engine_core::secret::SecretDeclaration;
use engine_core::stack::id_of;

/// A record, and whether it is stored in the cluster.
#[derive(Clone, Debug)]
pub enum LoadedRecord {
    /// The record is stored in the cluster.
    Stored {
        /// The record, completed with the secrets of this run.
        record: Record,
        /// The record as stored.
        written: Box<Record>,
        /// The version of the Secret that holds it, for the next write.
        resource_version: String,
    },
    /// The record was lost: its secrets were read back from live objects, the rest is new. Not stored yet.
    Recovered(Record),
    /// The environment is new. Not stored yet.
    New(Record),
}

/// Why a record could not be loaded or created.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A request to the cluster failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The record exists but cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The operating system provided no random bytes.
    #[error("the operating system provided no random bytes for secrets")]
    NoRandomness(#[source] getrandom::Error),
    /// The record belongs to another cluster.
    #[error("the record of `{environment}` was made for another cluster ({recorded}); this one is {live}")]
    OtherCluster {
        /// The environment's name.
        environment: String,
        /// The cluster named in the record.
        recorded: String,
        /// The identity of this cluster.
        live: String,
    },
    /// The record belongs to another environment.
    #[error("the record of `{environment}` is a copy of the record of `{recorded}`")]
    OtherEnvironment {
        /// The environment's name.
        environment: String,
        /// The environment named in the record.
        recorded: String,
    },
    /// The record belongs to another stack.
    #[error("record `{record_name}` belongs to stack `{recorded}`, not to `{stack}`")]
    OtherStack {
        /// The name of the record's Secret.
        record_name: String,
        /// The stack that was to be deployed.
        stack: String,
        /// The stack named in the record.
        recorded: String,
    },
    /// The stack needs a secret that the user has never given.
    #[error("no {description} was ever given to `{environment}`")]
    SecretNotGiven {
        /// The environment's name.
        environment: String,
        /// A description of the secret.
        description: String,
        /// How to provide it.
        hint: String,
    },
    /// Data exists, but the secrets that open it are lost.
    #[error("the record and passwords of `{environment}` are lost, but its data still exists ({claim})")]
    SecretsLost {
        /// The environment's name.
        environment: String,
        /// The claim with the data.
        claim: String,
    },
}

impl LoadedRecord {
    /// Returns the record itself.
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

/// Reads the record of an environment in a cluster from a Secret.
///
/// # Errors
/// When it is not a record, or is the record of another environment, stack or cluster.
pub fn from_secret(owner: &Owner, cluster_id: &str, secret: &Value) -> Result<LoadedRecord, LoadError> {
    let record = Record::from_secret(secret)?;
    if record.owner.stack != owner.stack {
        return Err(LoadError::OtherStack {
            record_name: record.owner.record_name,
            stack: owner.stack.clone(),
            recorded: record.owner.stack,
        });
    }
    // The label repeats the environment's name outside of the data, so that a copy under another name is detected either way.
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

/// Completes a loaded record with the declared secrets. Without a record, creates one: from the live objects if it was
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

/// Creates a record with a new key and no secrets.
///
/// # Errors
/// When the operating system provides no random bytes.
pub fn new(owner: &Owner, cluster_id: &str) -> Result<Record, LoadError> {
    let key = HashKey::new(random()?);
    Ok(Record::new(owner.clone(), cluster_id, key))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], LoadError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(LoadError::NoRandomness)?;
    Ok(bytes)
}

/// Ensures that the record is stored in the cluster, and returns the stored one.
///
/// This is the first write of an apply, before the lock. If two runs start at the same time, one creates the record and the
/// other loads it, so there is only one set of secrets.
///
/// # Errors
/// When it cannot be created; in that case nothing else must be written.
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
            // It has been deleted again already: then the error of the create is the best explanation.
            other.await?.ok_or_else(|| error.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn ensure_namespace(name: &str, cluster: &Cluster) -> Result<(), ClusterError> {
    let id = id_of::<Namespace>(None, name);
    match cluster.read(&id).await {
        Ok(Some(_)) => return Ok(()),
        // A user who may not read namespaces may still be allowed to write to this one.
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

/// Replaces the stored record with `record` if they differ. Fails if another client has written it since.
///
/// # Errors
/// When another client has written it since, the lock is lost, or the server cannot be reached.
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
        // The stored record shows whether the write was carried out.
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

/// Stores the record after the last write of a run, or deletes it if nothing is left to record.
///
/// # Errors
/// When another client has written it since, the lock is lost, or the server refuses or cannot be reached.
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
