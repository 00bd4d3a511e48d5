//! What is known about an environment before it is observed: its record, or what can be read back without one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::Value;

use super::claims;
use crate::cluster::{Cluster, ClusterError};
use crate::environment::{Environment, Password};
use crate::object::belonging::{Belonging, belonging, looks_like_our_claim};
use crate::object::marks;
use crate::record::{Credentials, Record, RecordError};
use crate::resources::{self, mongodb, pull_secret};

/// A record and where it comes from.
#[derive(Clone, Debug)]
pub enum KnownRecord {
    /// It stands in the cluster.
    Stored {
        /// The record.
        record: Record,
        /// Version of the Secret that holds it, for the next write.
        resource_version: String,
    },
    /// It was lost; passwords come from the live Secret, the rest is new. Not stored yet.
    Recovered(Record),
    /// The environment is new. Not stored yet.
    New(Record),
}

/// Why there is no record to work with.
#[derive(Debug, thiserror::Error)]
pub enum KnownRecordError {
    /// The cluster could not be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The record is there and cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record was made for another cluster.
    #[error("the record of `{environment}` was made for another cluster ({recorded}); this one is {live}")]
    OtherCluster {
        /// The environment.
        environment: String,
        /// The cluster in the record.
        recorded: String,
        /// This cluster.
        live: String,
    },
    /// The record was made for another environment.
    #[error("the record of `{environment}` is a copy of that of `{recorded}`")]
    OtherEnvironment {
        /// The environment.
        environment: String,
        /// The environment in the record.
        recorded: String,
    },
    /// Images need a password that nobody has given.
    #[error("no password for `{server}` was ever given to `{environment}`")]
    NoPullPassword {
        /// The environment.
        environment: String,
        /// The registry.
        server: String,
    },
    /// Data is there, and nothing that opens it.
    #[error("record and passwords of `{environment}` are lost, but its data is still there ({claim})")]
    PasswordsLost {
        /// The environment.
        environment: String,
        /// The claim with the data.
        claim: String,
    },
}

impl KnownRecord {
    /// The record itself.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::Stored { record, .. } | Self::Recovered(record) | Self::New(record) => record,
        }
    }
}

/// Reads the record from the cluster; `None` when there is none.
///
/// # Errors
/// When the cluster cannot be asked, or the record cannot be used here.
pub async fn read(
    environment: &str,
    namespace: &str,
    cluster_id: &str,
    cluster: &Cluster,
) -> Result<Option<KnownRecord>, KnownRecordError> {
    let secret = cluster.read(&Record::id(environment, namespace)).await?;
    secret
        .map(|secret| recognise(environment, cluster_id, &secret))
        .transpose()
}

/// Takes a Secret for the record of an environment in a cluster.
///
/// # Errors
/// When it is none, or that of another environment or cluster.
pub fn recognise(
    environment: &str,
    cluster_id: &str,
    secret: &Value,
) -> Result<KnownRecord, KnownRecordError> {
    let record = Record::from_secret(secret)?;
    // The name in the label is outside of the text, so that a copy under another name is found out either way.
    let label = marks::label(secret, marks::RECORD).unwrap_or_default();
    if record.environment != environment || label != environment {
        return Err(KnownRecordError::OtherEnvironment {
            environment: environment.to_owned(),
            recorded: record.environment,
        });
    }
    if record.cluster_id != cluster_id {
        return Err(KnownRecordError::OtherCluster {
            environment: environment.to_owned(),
            recorded: record.cluster_id,
            live: cluster_id.to_owned(),
        });
    }
    Ok(KnownRecord::Stored {
        record,
        resource_version: resource_version(secret),
    })
}

/// Completes what is known of the record; makes one when there is none: from the live Secret when the record was lost, else with new passwords.
///
/// # Errors
/// When the cluster cannot be asked, the record cannot be used here, new passwords would shut data away, or images need a
/// password that neither the environment nor the record has.
pub async fn or_make(
    environment: &Environment,
    stored: Option<KnownRecord>,
    cluster_id: &str,
    cluster: &Cluster,
) -> Result<KnownRecord, KnownRecordError> {
    let known = match stored {
        Some(known) => known,
        None => make(environment, cluster_id, cluster).await?,
    };
    match &environment.pull_secret {
        Some(settings) if resources::pull_password(environment, known.record()).is_none() => {
            Err(KnownRecordError::NoPullPassword {
                environment: environment.name.to_string(),
                server: settings.server.to_string(),
            })
        }
        _ => Ok(known),
    }
}

async fn make(
    environment: &Environment,
    cluster_id: &str,
    cluster: &Cluster,
) -> Result<KnownRecord, KnownRecordError> {
    let name = environment.name.as_str();
    let users = cluster.read(&resources::users_secret(environment)).await?;
    let owner = users.as_ref().map(|secret| belonging(secret, name));
    if let Some(credentials) = users.as_ref().and_then(credentials) {
        match owner {
            Some(Belonging::Ours) => {
                let mut record = Record::new(name, cluster_id, credentials)?;
                record.pull_password = live_pull_password(environment, cluster).await?;
                return Ok(KnownRecord::Recovered(record));
            }
            // Nobody's Secret, which can only become ours by an adoption: the database goes on with its passwords.
            Some(Belonging::Foreign) => {
                return Ok(KnownRecord::New(Record::new(name, cluster_id, credentials)?));
            }
            Some(Belonging::OtherEnvironment(_)) | None => {}
        }
    }
    if owner == Some(Belonging::Foreign) && is_run_by_others(environment, cluster).await? {
        return Ok(KnownRecord::New(Record::new(
            name,
            cluster_id,
            Credentials::generate()?,
        )?));
    }
    let claim = resources::data_claim(environment);
    let expected = cluster.read(&claim).await?;
    let found = match expected.filter(|live| looks_like_our_claim(live, name)) {
        Some(_) => Some(claim),
        // The environment file may name another namespace by now.
        None => claims::find_anywhere(name, cluster).await?,
    };
    if let Some(claim) = found {
        return Err(KnownRecordError::PasswordsLost {
            environment: name.to_owned(),
            claim: claim.to_string(),
        });
    }
    let record = Record::new(name, cluster_id, Credentials::generate()?)?;
    Ok(KnownRecord::New(record))
}

/// Whether the database's workload is there and nobody's: then no password of ours ever opened its data.
async fn is_run_by_others(environment: &Environment, cluster: &Cluster) -> Result<bool, ClusterError> {
    let live = cluster.read(&resources::database_workload(environment)).await?;
    Ok(live.is_some_and(|live| belonging(&live, environment.name.as_str()) == Belonging::Foreign))
}

async fn live_pull_password(
    environment: &Environment,
    cluster: &Cluster,
) -> Result<Option<Password>, ClusterError> {
    let Some(settings) = &environment.pull_secret else {
        return Ok(None);
    };
    let secret = cluster.read(&pull_secret::id(environment)).await?;
    let live = secret.filter(|secret| belonging(secret, environment.name.as_str()) == Belonging::Ours);
    Ok(live.and_then(|secret| pull_secret::read_back(&secret, settings)))
}

/// Version of a stored Secret.
#[must_use]
pub fn resource_version(secret: &Value) -> String {
    let version = secret["metadata"]["resourceVersion"].as_str();
    version.unwrap_or_default().to_owned()
}

fn credentials(secret: &Value) -> Option<Credentials> {
    let password = |entry: &str| {
        let bytes = STANDARD.decode(secret["data"][entry].as_str()?).ok()?;
        let text = String::from_utf8(bytes).ok().filter(|text| !text.is_empty())?;
        Some(SecretString::from(text))
    };
    Some(Credentials {
        root: password(mongodb::ROOT_ENTRY)?,
        application: password(mongodb::APPLICATION_ENTRY)?,
    })
}
