//! The lock of an environment: a Lease beside its record, so that two applies never write at once.
//!
//! Whether a holder is alive is judged by whether it changes the Lease, never by comparing clocks.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError, Dependents};
use crate::object::{ObjectId, marks};
use crate::stack::id_of;

/// How long a holder may be silent before it counts as dead.
const TERM: Duration = Duration::from_secs(15);

/// How often a holder shows that it is alive.
const RENEWAL: Duration = Duration::from_secs(4);

/// Pause between two looks at another's Lease.
const PAUSE: Duration = Duration::from_millis(500);

/// The lock, held.
pub struct Lock<'a> {
    cluster: &'a Cluster,
    id: ObjectId,
    lease: Value,
}

/// Why the lock is not held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it and is alive.
    #[error("another run holds the lock of `{environment}`: {holder}, since {since}")]
    Held {
        /// The environment.
        environment: String,
        /// Who holds it.
        holder: String,
        /// Since when, RFC 3339, by the holder's clock.
        since: String,
    },
    /// Another run has taken it over.
    #[error("the lock of `{environment}` was lost to {holder}")]
    Lost {
        /// The environment.
        environment: String,
        /// Who holds it now.
        holder: String,
    },
    /// The cluster could not be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl LockError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some(format!(
                "wait for it to end; if it has died, the lock is taken over {} s after its last sign of life",
                TERM.as_secs()
            )),
            Self::Lost { .. } => Some("plan again when that run has ended".to_owned()),
            Self::Cluster(error) => error.hint(),
        }
    }
}

impl<'a> Lock<'a> {
    /// Takes the lock, or finds out that another run holds it. That takes up to 15 s when the other has died.
    ///
    /// # Errors
    /// When another run holds it, or the cluster cannot be asked.
    pub async fn take(
        environment: &str,
        namespace: &str,
        holder: &str,
        cluster: &'a Cluster,
    ) -> Result<Self, LockError> {
        let id = id_of::<Lease>(Some(namespace), &format!("infra-{environment}"));
        loop {
            let wanted = lease(&id, holder);
            match cluster.create(&id, &wanted).await {
                Ok(lease) => return Ok(Self { cluster, id, lease }),
                Err(error) if error.is_already_there() => {}
                Err(error) => return Err(error.into()),
            }
            let Some(dead) = watch_holder(environment, &id, cluster).await? else {
                continue;
            };
            let mut wanted = wanted;
            wanted["metadata"]["resourceVersion"] = dead["metadata"]["resourceVersion"].clone();
            match cluster.replace(&id, &wanted).await {
                Ok(lease) => return Ok(Self { cluster, id, lease }),
                // Somebody else took it over first, or it was given back.
                Err(error) if error.is_lost_race() || error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Shows again and again that the holder is alive. Returns only when the lock is lost.
    pub async fn keep(&mut self, environment: &str) -> LockError {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(RENEWAL).await;
            let mut wanted = self.lease.clone();
            wanted["spec"]["renewTime"] = json!(now());
            match self.cluster.replace(&self.id, &wanted).await {
                Ok(lease) => {
                    self.lease = lease;
                    renewed = Instant::now();
                }
                Err(error) if error.is_lost_race() || error.is_not_found() => {
                    let live = self.cluster.read(&self.id).await.ok().flatten();
                    match live {
                        // A renewal whose answer was lost looks like this.
                        Some(live) if is_same_hold(&live, &self.lease) => self.lease = live,
                        live => {
                            return LockError::Lost {
                                environment: environment.to_owned(),
                                holder: live.as_ref().map_or("nobody", holder_of).to_owned(),
                            };
                        }
                    }
                }
                Err(error) if renewed.elapsed() > TERM => return error.into(),
                Err(_) => {}
            }
        }
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// When the cluster cannot be asked; then it is free after its term.
    pub async fn release(self) -> Result<(), ClusterError> {
        self.cluster
            .delete(&self.id, marks::uid(&self.lease), Dependents::Later)
            .await
    }
}

/// Watches a Lease for its term: returns it when nothing moved, `None` when it is gone.
async fn watch_holder(
    environment: &str,
    id: &ObjectId,
    cluster: &Cluster,
) -> Result<Option<Value>, LockError> {
    let Some(first) = cluster.read(id).await? else {
        return Ok(None);
    };
    let begun = Instant::now();
    while begun.elapsed() < TERM {
        tokio::time::sleep(PAUSE).await;
        let Some(now) = cluster.read(id).await? else {
            return Ok(None);
        };
        if now["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"] {
            return Err(LockError::Held {
                environment: environment.to_owned(),
                holder: holder_of(&now).to_owned(),
                since: now["spec"]["acquireTime"]
                    .as_str()
                    .unwrap_or("unknown")
                    .to_owned(),
            });
        }
    }
    Ok(Some(first))
}

/// Whether a Lease is still in the hands of the run that took it.
fn is_same_hold(live: &Value, held: &Value) -> bool {
    marks::uid(live) == marks::uid(held)
        && live["spec"]["holderIdentity"] == held["spec"]["holderIdentity"]
        && live["spec"]["acquireTime"] == held["spec"]["acquireTime"]
}

fn holder_of(lease: &Value) -> &str {
    lease["spec"]["holderIdentity"].as_str().unwrap_or("nobody")
}

fn lease(id: &ObjectId, holder: &str) -> Value {
    json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": {
            "name": id.name,
            "namespace": id.namespace,
            "labels": { "app.kubernetes.io/managed-by": "infra" },
        },
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": TERM.as_secs(),
            "acquireTime": now(),
            "renewTime": now(),
        },
    })
}

/// The time as Leases hold it: with exactly six digits of microseconds.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
