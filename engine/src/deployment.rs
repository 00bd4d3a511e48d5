//! The path of an apply from top to bottom; a destroy takes the same path with an empty stack.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use tokio::sync::mpsc;

use crate::apply::lock::{Lock, LockError};
use crate::apply::{self, Event, ObjectError, Options, RunSummary};
use crate::cluster::{Cluster, ClusterError, Writer};
use crate::observe::claims::data_claims;
use crate::observe::{Before, Look, namespaces, observe};
use crate::record::{self, LoadError, LoadedRecord};
use engine_core::object::ObjectId;
use engine_core::object::owner::{Owner, StackLabel};
use engine_core::observation::{LiveClaim, Observations};
use engine_core::plan::record::{narrowed, updated, widened};
use engine_core::plan::{Consent, Consents, Plan};
use engine_core::record::{Claim, Record};
use engine_core::secret::SecretDeclaration;
use engine_core::stack::{Stack, id_of};

/// One environment of a stack in one cluster.
pub struct Deployment {
    /// The environment and its stack.
    pub owner: Owner,
    /// The namespace of the record and the lock.
    pub record_namespace: String,
    /// The connection to the cluster.
    pub cluster: Arc<Cluster>,
    /// The cluster's identity; see [`Cluster::identity`].
    pub cluster_id: String,
    /// The name of the lock's holder during a run, as other users see it.
    pub holder: String,
}

/// What to deploy, and what the user has consented to.
pub struct Target<'a> {
    /// The state that the plan leads to.
    pub mode: PlanMode,
    /// The declared stack. A destroy needs it only if there is no record.
    pub declaration: Option<Declaration<'a>>,
    /// What the user has consented to.
    pub consents: Consents,
}

/// The state that a plan leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanMode {
    /// The environment as declared.
    Apply,
    /// Nothing but the environment's data.
    Destroy,
}

/// The declaration of a stack.
pub struct Declaration<'a> {
    /// The secrets that the record keeps.
    pub secrets: Vec<SecretDeclaration>,
    /// Declares the objects, given a record with all of those secrets.
    pub declare: Box<dyn Fn(&Record) -> Stack + 'a>,
}

/// A plan and its inputs.
#[derive(Debug)]
pub struct Planned {
    /// The declared stack.
    pub stack: Stack,
    /// The state of the cluster.
    pub observations: Observations,
    /// The planned changes.
    pub plan: Plan,
}

/// The result of a run that has written, complete or not.
pub struct Finished {
    /// Counts and errors.
    pub summary: RunSummary,
    /// The plan that was applied.
    pub plan: Plan,
    /// When the writes began.
    pub started: Instant,
    /// Whether the record could be updated.
    pub record: Result<(), ClusterError>,
    /// Whether the lock was held to the end and released.
    pub lock: Result<(), LockError>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The cluster has changed since the plan was made.
    #[error("the cluster has moved since the plan was shown")]
    Moved {
        /// The plan as it would be now; `None` if another run has written or deleted the record.
        plan: Option<Box<Plan>>,
        /// The objects for which the two plans differ.
        objects: Vec<ObjectId>,
    },
    /// The plan has refused changes.
    #[error("the plan has refused changes; nothing was written")]
    Refused,
    /// A destroy has neither a record nor a declaration.
    #[error("`{environment}` has no record, and no declaration says what belongs to it")]
    Undeclared {
        /// The environment's name.
        environment: String,
    },
    /// The record could not be loaded or created.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The lock could not be taken or was lost.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A request to the cluster failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl<'a> Target<'a> {
    /// Targets the declared environment.
    #[must_use]
    pub fn apply(declaration: Declaration<'a>) -> Self {
        Self {
            mode: PlanMode::Apply,
            declaration: Some(declaration),
            consents: Consents::default(),
        }
    }

    /// Targets nothing but the environment's data. The declaration shows where its objects are if there is no record.
    #[must_use]
    pub fn destroy(declaration: Declaration<'a>) -> Self {
        Self {
            mode: PlanMode::Destroy,
            ..Self::apply(declaration)
        }
    }
}

impl<'a> Declaration<'a> {
    /// Declares a stack without secrets.
    pub fn new(declare: impl Fn(&Record) -> Stack + 'a) -> Self {
        Self {
            secrets: Vec::new(),
            declare: Box::new(declare),
        }
    }
}

impl Deployment {
    /// Opens an environment and identifies its cluster. `holder` is the name that other users see while a run holds the lock.
    ///
    /// # Errors
    /// When the cluster cannot be reached or identified.
    pub async fn open(
        owner: Owner,
        record_namespace: &str,
        holder: &str,
        cluster: Arc<Cluster>,
    ) -> Result<Self, ClusterError> {
        Ok(Self {
            owner,
            record_namespace: record_namespace.to_owned(),
            cluster_id: cluster.identity().await?,
            cluster,
            holder: holder.to_owned(),
        })
    }

    /// Loads the record; `None` when there is none.
    ///
    /// # Errors
    /// When the cluster cannot be reached, or the record cannot be used here.
    pub async fn load(&self) -> Result<Option<LoadedRecord>, LoadError> {
        record::load(
            &self.owner,
            &self.record_namespace,
            &self.cluster_id,
            &self.cluster,
        )
        .await
    }

    /// Completes a loaded record with the secrets that an apply needs. A destroy needs none: without a record, it searches for
    /// everything that the environment could contain.
    ///
    /// # Errors
    /// When the cluster cannot be reached, the record cannot be used, or a secret is missing.
    pub async fn complete(
        &self,
        target: &Target<'_>,
        loaded: Option<LoadedRecord>,
    ) -> Result<LoadedRecord, DeployError> {
        let declaration = || {
            target
                .declaration
                .as_ref()
                .ok_or_else(|| DeployError::Undeclared {
                    environment: self.owner.environment.clone(),
                })
        };
        match (target.mode, loaded) {
            (PlanMode::Apply, loaded) => {
                let secrets = &declaration()?.secrets;
                let completed =
                    record::complete(&self.owner, secrets, loaded, &self.cluster_id, &self.cluster);
                Ok(completed.await?)
            }
            (PlanMode::Destroy, Some(loaded)) => Ok(loaded),
            (PlanMode::Destroy, None) => {
                let declaration = declaration()?;
                // Its objects may predate the stack's label.
                let owner = Owner {
                    stack_label: StackLabel::Absent,
                    ..self.owner.clone()
                };
                let mut record = record::new(&owner, &self.cluster_id)?;
                record.fill_with_placeholders(&declaration.secrets);
                let declared = (declaration.declare)(&record);
                Ok(LoadedRecord::New(widened(&record, &declared, &[])))
            }
        }
    }

    /// Declares the stack, observes the cluster and plans. Only reads and dry-runs.
    ///
    /// # Errors
    /// When the cluster cannot be reached. Refusals of single objects are part of the plan.
    pub async fn plan(
        &self,
        target: &Target<'_>,
        record: &Record,
        look: Look,
        before: Option<Before>,
    ) -> Result<Planned, ClusterError> {
        let stack = match (&target.declaration, target.mode) {
            (Some(declaration), PlanMode::Apply) => (declaration.declare)(record),
            _ => Stack::default(),
        };
        let observations = observe(&stack, record, look, before, &self.cluster).await?;
        let plan = Plan::new(&stack, record, &observations, target.consents);
        Ok(Planned {
            stack,
            observations,
            plan,
        })
    }

    /// Applies a confirmed plan.
    ///
    /// # Errors
    /// When nothing was written, as for a plan with refused changes. A run that has written returns its progress as the result.
    pub async fn apply(
        &self,
        target: &Target<'_>,
        loaded: LoadedRecord,
        shown: Planned,
        options: Options,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Finished, DeployError> {
        if shown.plan.refusals().next().is_some() {
            return Err(DeployError::Refused);
        }
        // The record is written first, the lock second; another run may interfere with both.
        let loaded = match target.mode {
            PlanMode::Apply => record::ensure(loaded, &self.record_namespace, &self.cluster).await?,
            PlanMode::Destroy => loaded,
        };
        let lock = self.lock(&loaded).await?;
        let writing = options.writing.clone();
        writing.send_replace(true);
        let written = self
            .write(target, loaded, shown, lock.writer(), options, events)
            .await;
        let released = lock.release().await;
        writing.send_replace(false);
        match (written, released) {
            (Ok(finished), released) => Ok(Finished {
                lock: released,
                ..finished
            }),
            (Err(_), Err(lost @ LockError::Lost { .. })) => Err(lost.into()),
            (Err(error), _) => Err(error),
        }
    }

    /// Plans again under the lock, and writes if the plan still matches the one that was shown.
    async fn write(
        &self,
        target: &Target<'_>,
        loaded: LoadedRecord,
        shown: Planned,
        writer: Writer<'_>,
        options: Options,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Finished, DeployError> {
        let started = Instant::now();
        let loaded = self.reload(target, loaded).await?;
        let before = Before {
            stack: shown.stack,
            observations: shown.observations,
        };
        let planned = self
            .plan(target, loaded.record(), Look::default(), Some(before))
            .await?;
        let Planned { stack, plan, .. } = planned;
        if !plan.says_the_same_as(&shown.plan) {
            return Err(DeployError::Moved {
                objects: plan.objects_that_moved(&shown.plan),
                plan: Some(Box::new(plan)),
            });
        }
        drop(shown.plan);

        // The record lists everything in use before the first object is written, and what remains after the last.
        let claims = self.claims(loaded.record(), &stack).await?;
        let next = widened(loaded.record(), &stack, &claims);
        let loaded = record::store(loaded, next, &self.record_namespace, writer).await?;
        let mut summary = apply::run(&plan, &stack, writer, options, events.clone()).await;
        // If the lock is lost, the record belongs to the run that now holds it.
        let record = if summary.lost_lock {
            Ok(())
        } else {
            self.finish_record(target, loaded, &stack, &plan, writer, &mut summary, &events)
                .await
        };
        Ok(Finished {
            summary,
            plan,
            started,
            record,
            lock: Ok(()),
        })
    }

    /// Updates the record under the lock when the plan is empty, if the record is out of date.
    ///
    /// # Errors
    /// When the cluster has changed, or the record cannot be written.
    pub async fn refresh_record(
        &self,
        target: &Target<'_>,
        loaded: &LoadedRecord,
        planned: &Planned,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Result<(), DeployError> {
        let LoadedRecord::Stored { record, written, .. } = loaded else {
            return Ok(());
        };
        let live = self.claims(record, &planned.stack).await?;
        let next = narrowed(record, &planned.stack, &planned.plan, &live);
        if next == **written && !next.remembers_nothing() {
            return Ok(());
        }
        let lock = self.lock(loaded).await?;
        let finished = async {
            let loaded = self.reload(target, loaded.clone()).await?;
            let Planned { stack, plan, .. } =
                self.plan(target, loaded.record(), Look::default(), None).await?;
            if !plan.is_empty() {
                return Err(moved(Vec::new()));
            }
            let summary = &mut RunSummary::default();
            let writer = lock.writer();
            let finished = self.finish_record(target, loaded, &stack, &plan, writer, summary, events);
            Ok(finished.await?)
        };
        let finished: Result<(), DeployError> = finished.await;
        lock.release().await?;
        finished
    }

    /// Takes the lock. A destroy without a record has nothing to lock, unless a record has appeared in the meantime.
    async fn lock(&self, loaded: &LoadedRecord) -> Result<Lock, DeployError> {
        let cluster = Arc::clone(&self.cluster);
        if let LoadedRecord::Stored { .. } = loaded {
            let lock = Lock::take(&self.owner, &self.record_namespace, &self.holder, cluster);
            return Ok(lock.await?);
        }
        let id = Record::id(&self.owner, &self.record_namespace);
        match cluster.read(&id).await? {
            Some(_) => Err(moved(vec![id])),
            None => Ok(Lock::without_record(loaded, cluster)),
        }
    }

    /// Reloads the record under the lock: another run may have written it or destroyed the environment.
    async fn reload(&self, target: &Target<'_>, loaded: LoadedRecord) -> Result<LoadedRecord, DeployError> {
        let LoadedRecord::Stored { .. } = loaded else {
            return Ok(loaded);
        };
        let stored = self.load().await?.ok_or_else(|| moved(Vec::new()))?;
        self.complete(target, Some(stored)).await
    }

    async fn claims(&self, record: &Record, stack: &Stack) -> Result<Vec<LiveClaim>, ClusterError> {
        data_claims(record, &namespaces(stack, record), &self.cluster).await
    }

    /// Updates the record after a run, whether or not the run succeeded.
    #[expect(clippy::too_many_arguments, reason = "everything that a run has produced")]
    async fn finish_record(
        &self,
        target: &Target<'_>,
        loaded: LoadedRecord,
        stack: &Stack,
        plan: &Plan,
        writer: Writer<'_>,
        summary: &mut RunSummary,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Result<(), ClusterError> {
        let record = loaded.record();
        let mut live = self.claims(record, stack).await?;
        let mut faults = lost_claims(plan, &live);
        if target.mode == PlanMode::Apply && target.consents.empty_database == Consent::Withheld {
            faults.extend(take_exchanged(record, &mut live));
        }
        for (id, why) in faults {
            let _ = events.send(Event::Failed {
                id: id.clone(),
                why: why.clone(),
            });
            summary.errors.push((id, ObjectError::Failed(why)));
        }
        let next = if summary.is_complete() {
            narrowed(record, stack, plan, &live)
        } else {
            updated(record, stack, &live)
        };
        record::finish(loaded, next, &self.record_namespace, writer).await
    }
}

fn moved(objects: Vec<ObjectId>) -> DeployError {
    DeployError::Moved { plan: None, objects }
}

/// Returns the claims that the plan keeps but that are gone.
fn lost_claims(plan: &Plan, live: &[LiveClaim]) -> Vec<(ObjectId, String)> {
    let kept = plan
        .kept()
        .filter(|(id, _)| id.kind.is("", "PersistentVolumeClaim"));
    let lost = kept.filter(|(id, _)| !live.iter().any(|live| live.claim.is_named(id)));
    lost.map(|(id, _)| (id.clone(), "it should have been kept, but is gone".to_owned()))
        .collect()
}

/// Removes claims that have the name of a recorded claim but hold other data: they may replace it only with consent.
fn take_exchanged(record: &Record, live: &mut Vec<LiveClaim>) -> Vec<(ObjectId, String)> {
    let mut exchanged = Vec::new();
    live.retain(|live| {
        let is_known = |known: &&Claim| known.is_namesake_of(&live.claim) && known.uid != live.claim.uid;
        let Some(known) = record.claims.iter().find(is_known) else {
            return true;
        };
        let id = id_of::<PersistentVolumeClaim>(Some(&known.namespace), &known.name);
        let why = format!(
            "it was recreated (uid {}) during this run; the data was in uid {}",
            live.claim.uid, known.uid
        );
        exchanged.push((id, why));
        false
    });
    exchanged
}
