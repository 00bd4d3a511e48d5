//! Locks an environment with a Lease next to its record, so that two applies never write at the same time.
//!
//! A holder counts as alive as long as it keeps changing the Lease; clocks are never compared.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cluster::{Asked, Cluster, ClusterError, Fence, Writer};
use crate::record::LoadedRecord;
use engine_core::object::owner::Owner;
use engine_core::object::{ObjectId, marks};
use engine_core::stack::id_of;

/// How long a holder may go without a renewal before it counts as dead.
const TERM: Duration = Duration::from_secs(15);

/// Interval between renewals.
const RENEWAL: Duration = Duration::from_secs(4);

/// Interval between reads of another run's Lease.
const PAUSE: Duration = Duration::from_millis(500);

/// Delay before a failed renewal is retried.
const RETRY: Duration = Duration::from_secs(1);

/// The lock of an environment, held until it is released. A background task renews it.
pub struct Lock {
    cluster: Arc<Cluster>,
    fence: Fence,
    keeper: Option<Keeper>,
}

/// The task that renews the Lease, and how to stop it.
struct Keeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<Held, LockError>>,
}

/// The Lease while this run holds it.
struct Held {
    environment: String,
    id: ObjectId,
    holder: String,
    since: String,
    lease: Value,
}

/// Why the lock is not held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds the lock and is alive.
    #[error("another run holds the lock of `{environment}`: {holder}, since {since}")]
    Held {
        /// The environment's name.
        environment: String,
        /// The run that holds the lock.
        holder: String,
        /// When it took the lock: RFC 3339, by the holder's clock.
        since: String,
    },
    /// The lock was lost, usually to another run.
    #[error("the lock of `{environment}` was lost to {holder}")]
    Lost {
        /// The environment's name.
        environment: String,
        /// The new holder, or the reason for the loss.
        holder: String,
    },
    /// A request to the cluster failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl LockError {
    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some(format!(
                "wait for it to finish; if it has died, the lock can be taken over {} s after its last renewal",
                TERM.as_secs()
            )),
            Self::Lost { .. } => Some("plan again once that run has finished".to_owned()),
            Self::Cluster(error) => error.hint(),
        }
    }
}

impl Lock {
    /// Takes the lock, unless another run holds it. If that run has died, this takes up to 15 s.
    ///
    /// # Errors
    /// When another run holds it, or the cluster cannot be reached.
    pub async fn take(
        owner: &Owner,
        namespace: &str,
        holder: &str,
        cluster: Arc<Cluster>,
    ) -> Result<Self, LockError> {
        let id = id_of::<Lease>(Some(namespace), &owner.record_name);
        let since = now();
        let (asked, lease) = loop {
            let asked = Asked::now();
            match cluster.create(&id, &lease(&id, holder, &since, None)).await {
                Ok(lease) => break (asked, lease),
                Err(error) if error.is_already_there() => {}
                Err(error) => return Err(error.into()),
            }
            let Some(dead) = watch_holder(&owner.environment, &id, &cluster).await? else {
                continue;
            };
            let asked = Asked::now();
            let wanted = lease(&id, holder, &since, Some(&dead));
            match cluster.replace(&id, &wanted).await {
                Ok(lease) => break (asked, lease),
                // Another run has taken it over first or has released it.
                Err(error) if error.is_lost_race() || error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        };
        let held = Held {
            environment: owner.environment.clone(),
            id,
            holder: holder.to_owned(),
            since,
            lease,
        };
        let fence = Fence::open(TERM, asked);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(held.keep(fence.clone(), Arc::clone(&cluster), stopped));
        Ok(Self {
            cluster,
            fence,
            keeper: Some(Keeper { stop, task }),
        })
    }

    /// Returns a placeholder where there is nothing to lock: an environment without a stored record has no Lease.
    ///
    /// # Panics
    /// When the record is stored.
    #[must_use]
    pub fn without_record(loaded: &LoadedRecord, cluster: Arc<Cluster>) -> Self {
        assert!(
            !matches!(loaded, LoadedRecord::Stored { .. }),
            "a stored record has a lock"
        );
        Self {
            cluster,
            fence: Fence::none(),
            keeper: None,
        }
    }

    /// Returns permission to write for as long as the lock is held.
    #[must_use]
    pub fn writer(&self) -> Writer<'_> {
        Writer::new(&self.cluster, &self.fence)
    }

    /// Releases the lock, unless another run has taken it over.
    ///
    /// # Errors
    /// When the lock was lost, or the cluster cannot be reached; in that case the lock expires after its term.
    pub async fn release(self) -> Result<(), LockError> {
        let Some(Keeper { stop, task }) = self.keeper else {
            return Ok(());
        };
        // The keeper may have ended already because the lock was lost.
        let _ = stop.send(());
        let held = match task.await {
            Ok(kept) => kept?,
            // The task does not panic; only a runtime that shuts down cancels it.
            Err(_) => return Ok(()),
        };
        match self.cluster.delete_version(&held.id, &held.lease).await {
            Err(error) if error.is_lost_race() => {}
            result => return Ok(result?),
        }
        // A renewal in flight has changed the Lease, or another run holds it.
        match self.cluster.read(&held.id).await? {
            Some(live) if held.is_ours(&live) => Ok(self.cluster.delete_version(&held.id, &live).await?),
            Some(_) | None => Ok(()),
        }
    }
}

impl Held {
    /// Renews the Lease until the lock is released. If the lock is lost, closes the fence and reports the loss.
    async fn keep(
        mut self,
        fence: Fence,
        cluster: Arc<Cluster>,
        stopped: oneshot::Receiver<()>,
    ) -> Result<Self, LockError> {
        let lost = tokio::select! {
            _ = stopped => return Ok(self),
            holder = self.renew_until_lost(&fence, &cluster) => LockError::Lost {
                environment: self.environment.clone(),
                holder,
            },
        };
        fence.close();
        cluster.notify(&lost.to_string());
        Err(lost)
    }

    /// Renews the Lease at regular intervals. Returns only when the lock is lost, with the new holder.
    async fn renew_until_lost(&mut self, fence: &Fence, cluster: &Cluster) -> String {
        let mut pause = RENEWAL;
        loop {
            tokio::time::sleep(pause).await;
            // A fence that has closed stays closed: another run may have come and gone in the meantime.
            if !fence.is_open() {
                return "a timeout: it was not renewed in time, so another run may hold it".to_owned();
            }
            let asked = Asked::now();
            let wanted = lease(&self.id, &self.holder, &self.since, Some(&self.lease));
            // A renewal that takes longer than the interval between renewals counts as failed.
            let renewal = tokio::time::timeout(RENEWAL, cluster.replace(&self.id, &wanted)).await;
            pause = match renewal {
                Ok(Ok(lease)) => {
                    self.lease = lease;
                    fence.renew(asked);
                    RENEWAL
                }
                Ok(Err(error)) if error.is_lost_race() || error.is_not_found() => {
                    let live = cluster.read(&self.id).await.ok().flatten();
                    match live {
                        // A renewal whose response was lost looks like this.
                        Some(live) if self.is_ours(&live) => {
                            self.lease = live;
                            RETRY
                        }
                        live => return live.as_ref().map_or("a deletion", holder_of).to_owned(),
                    }
                }
                Ok(Err(_)) | Err(_) => RETRY,
            };
        }
    }

    fn is_ours(&self, live: &Value) -> bool {
        marks::uid(live) == marks::uid(&self.lease)
            && holder_of(live) == self.holder
            && live["spec"]["acquireTime"] == self.since.as_str()
    }
}

/// Watches a Lease for its term: returns the Lease if it did not change, `None` if it is gone.
async fn watch_holder(
    environment: &str,
    id: &ObjectId,
    cluster: &Cluster,
) -> Result<Option<Value>, LockError> {
    let Some(first) = cluster.read(id).await? else {
        return Ok(None);
    };
    let holder = holder_of(&first);
    cluster.notify(&format!(
        "{holder} holds the lock; waiting up to {} s to see whether it is alive",
        TERM.as_secs()
    ));
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

fn holder_of(lease: &Value) -> &str {
    lease["spec"]["holderIdentity"]
        .as_str()
        .unwrap_or("an unnamed holder")
}

/// Builds a Lease held by this run; it replaces `before`, unless that has changed since.
fn lease(id: &ObjectId, holder: &str, since: &str, before: Option<&Value>) -> Value {
    json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": {
            "name": id.name,
            "namespace": id.namespace,
            "labels": { "app.kubernetes.io/managed-by": "infra" },
            // A PUT of a Lease that is gone would create it, unless it names the UID of the earlier one.
            "uid": before.map(|before| &before["metadata"]["uid"]),
            "resourceVersion": before.map(|before| &before["metadata"]["resourceVersion"]),
        },
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": TERM.as_secs(),
            "acquireTime": since,
            "renewTime": now(),
        },
    })
}

/// Returns the current time in the format of Leases: with exactly six decimal places.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
