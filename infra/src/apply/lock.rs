//! The lock of an environment: a Lease beside its record, so that two applies never write at once.
//!
//! Whether a holder is alive is judged by whether it changes the Lease, never by comparing clocks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError};
use crate::object::{ObjectId, marks};
use crate::stack::id_of;

/// How long a holder may be silent before it counts as dead.
const TERM: Duration = Duration::from_secs(15);

/// How often a holder shows that it is alive.
const RENEWAL: Duration = Duration::from_secs(4);

/// Pause between two looks at another's Lease.
const PAUSE: Duration = Duration::from_millis(500);

/// Pause before a renewal that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The lock, held.
pub struct Lock<'a> {
    cluster: &'a Cluster,
    id: ObjectId,
    holder: String,
    since: String,
    lease: Value,
    fence: Arc<Fence>,
}

/// Tells whether the lock is still held for certain, without asking the cluster.
///
/// A run that slept through its term finds the fence closed and writes nothing more.
#[derive(Debug)]
pub struct Fence {
    renewed: Mutex<Instant>,
    is_lost: AtomicBool,
}

impl Fence {
    fn open(renewed: Instant) -> Arc<Self> {
        Arc::new(Self {
            renewed: Mutex::new(renewed),
            is_lost: AtomicBool::new(false),
        })
    }

    /// Whether a write is still safe.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_lost.load(Ordering::Relaxed) && renewed.elapsed() < TERM
    }

    fn renew(&self, asked: Instant) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    fn close(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }
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
            let asked = Instant::now();
            let since = now();
            let held = |lease: Value| Self {
                cluster,
                id: id.clone(),
                holder: holder.to_owned(),
                since: since.clone(),
                lease,
                fence: Fence::open(asked),
            };
            match cluster.create(&id, &lease(&id, holder, &since, None)).await {
                Ok(lease) => return Ok(held(lease)),
                Err(error) if error.is_already_there() => {}
                Err(error) => return Err(error.into()),
            }
            let Some(dead) = watch_holder(environment, &id, cluster).await? else {
                continue;
            };
            let asked = Instant::now();
            let wanted = lease(&id, holder, &since, Some(&dead));
            match cluster.replace(&id, &wanted).await {
                Ok(lease) => {
                    return Ok(Self {
                        fence: Fence::open(asked),
                        ..held(lease)
                    });
                }
                // Somebody else took it over first, or it was given back.
                Err(error) if error.is_lost_race() || error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What tells every write whether the lock is still held.
    #[must_use]
    pub fn fence(&self) -> Arc<Fence> {
        Arc::clone(&self.fence)
    }

    /// Shows again and again that the holder is alive. Returns only when the lock is lost, the fence closed.
    pub async fn keep(&mut self, environment: &str) -> LockError {
        let mut pause = RENEWAL;
        loop {
            tokio::time::sleep(pause).await;
            // A fence that has closed stays closed: another run may have come and gone meanwhile.
            if !self.fence.is_open() {
                return self.lose(
                    environment,
                    "another run, perhaps: it was not renewed within its term",
                );
            }
            let asked = Instant::now();
            let wanted = lease(&self.id, &self.holder, &self.since, Some(&self.lease));
            // A renewal that takes longer than the pause between two is as good as none.
            let renewal = tokio::time::timeout(RENEWAL, self.cluster.replace(&self.id, &wanted)).await;
            pause = match renewal {
                Ok(Ok(lease)) => {
                    self.lease = lease;
                    self.fence.renew(asked);
                    RENEWAL
                }
                Ok(Err(error)) if error.is_lost_race() || error.is_not_found() => {
                    let live = self.cluster.read(&self.id).await.ok().flatten();
                    match live {
                        // A renewal whose answer was lost looks like this.
                        Some(live) if self.is_ours(&live) => {
                            self.lease = live;
                            RETRY
                        }
                        live => {
                            return self.lose(environment, live.as_ref().map_or("nobody", holder_of));
                        }
                    }
                }
                Ok(Err(_)) | Err(_) => RETRY,
            };
        }
    }

    fn lose(&self, environment: &str, holder: &str) -> LockError {
        self.fence.close();
        LockError::Lost {
            environment: environment.to_owned(),
            holder: holder.to_owned(),
        }
    }

    fn is_ours(&self, live: &Value) -> bool {
        marks::uid(live) == marks::uid(&self.lease)
            && holder_of(live) == self.holder
            && live["spec"]["acquireTime"] == self.since.as_str()
    }

    /// Gives the lock back, unless another run has it by now.
    ///
    /// # Errors
    /// When the cluster cannot be asked; then it is free after its term.
    pub async fn release(self) -> Result<(), ClusterError> {
        match self.cluster.delete_version(&self.id, &self.lease).await {
            Err(error) if error.is_lost_race() => {}
            result => return result,
        }
        // A renewal that was under way at the end has moved it; or it is another run's.
        match self.cluster.read(&self.id).await? {
            Some(live) if self.is_ours(&live) => self.cluster.delete_version(&self.id, &live).await,
            Some(_) | None => Ok(()),
        }
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
    let holder = holder_of(&first);
    cluster.notify(&format!(
        "{holder} holds the lock; watching for up to {} s whether it is alive",
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
    lease["spec"]["holderIdentity"].as_str().unwrap_or("nobody")
}

/// A Lease in our hands; in place of `before`, unless that has moved since.
fn lease(id: &ObjectId, holder: &str, since: &str, before: Option<&Value>) -> Value {
    json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": {
            "name": id.name,
            "namespace": id.namespace,
            "labels": { "app.kubernetes.io/managed-by": "infra" },
            // A PUT of a Lease that is gone creates it, unless it names the UID of the one that was there.
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

/// The time as Leases hold it: with exactly six digits of microseconds.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
