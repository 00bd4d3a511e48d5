//! Calls the engine under measurement as the commands do. All calls of the library are here.
//!
//! The tests that count the engine's requests share this file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::engine::apply::{self, Event, Options, RunSummary, Waiting};
use ::engine::cluster::{Cluster, Target};
use ::engine::deployment::{self, Declaration, Deployment, Finished, PlanMode, Planned};
use ::engine::observe::{Before, Look, observe};
use ::engine::record::{self, LoadedRecord};
use anyhow::{Context as _, Result, ensure};
use engine_core::object::{Kind, Object, ObjectId};
use engine_core::observation::Observations;
use engine_core::plan::{Action, Consents, Plan};
use engine_core::record::Record;
use engine_core::stack::Stack;
use infra::resources;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::generated::{self, Shape};

/// The namespace of the records.
pub(crate) const RECORD_NAMESPACE: &str = "infra-system";

/// Time limit for the waits of an apply.
const TIMEOUT: Duration = Duration::from_mins(10);

/// The engine, connected to a cluster.
pub(crate) struct Engine {
    cluster: Arc<Cluster>,
}

/// The outcome of the steps after a confirmation.
pub(crate) struct CarriedOut {
    pub(crate) summary: RunSummary,
    /// The end time of each step.
    pub(crate) steps: Vec<(&'static str, Instant)>,
    /// When the last object was done, namespaces aside.
    pub(crate) objects_done: Instant,
}

impl Engine {
    /// Connects to the context `sandbox`. A retry would distort the measurement, so `notice` reports it.
    pub(crate) async fn connect(kubeconfig: &Path, notice: fn(&str)) -> Result<Self> {
        let target = Target {
            context: "sandbox".to_owned(),
            kubeconfig: Some(PathBuf::from(kubeconfig)),
        };
        let cluster = Cluster::connect(&target, Arc::new(notice)).await?;
        Ok(Self {
            cluster: Arc::new(cluster),
        })
    }

    /// The cluster's identity.
    pub(crate) async fn identity(&self) -> Result<String> {
        Ok(self.cluster.identity().await?)
    }

    /// The reads of a command before it plans.
    pub(crate) async fn look_up(&self, environment: &str) -> Result<LoadedRecord> {
        let owner = resources::owner(environment);
        let record = Record::id(&owner, RECORD_NAMESPACE);
        let (id, secret) = tokio::try_join!(self.cluster.identity(), self.cluster.read(&record))?;
        let secret = secret.context("the record does not exist")?;
        Ok(record::from_secret(&owner, &id, &secret)?)
    }

    /// Plans an apply.
    pub(crate) async fn plan(&self, stack: &Stack, record: &Record) -> Result<Plan> {
        Ok(self.shown(stack, record).await?.plan)
    }

    /// A plan with its inputs, as shown before a confirmation.
    pub(crate) async fn shown(&self, stack: &Stack, record: &Record) -> Result<Planned> {
        let observations = self.observe(stack, record, None).await?;
        Ok(Planned {
            stack: stack.clone(),
            plan: Plan::new(stack, record, &observations, Consents::default()),
            observations,
        })
    }

    /// Observes the cluster; `before` is an earlier observation.
    pub(crate) async fn observe(
        &self,
        stack: &Stack,
        record: &Record,
        before: Option<Before>,
    ) -> Result<Observations> {
        Ok(observe(stack, record, Look::default(), before, &self.cluster).await?)
    }

    /// Waits without a lock, as an apply does if there is nothing to write.
    pub(crate) async fn wait(&self, plan: &Plan, stack: &Stack) -> RunSummary {
        let (events, _happened) = mpsc::unbounded_channel();
        apply::wait(
            plan,
            stack,
            &self.cluster,
            Options::new(Waiting::Until(TIMEOUT)),
            events,
        )
        .await
    }

    /// Runs every step after the confirmation, as `apply` and `destroy` do.
    pub(crate) async fn carry_out(
        &self,
        loaded: LoadedRecord,
        stack: &Stack,
        shown: Planned,
    ) -> Result<CarriedOut> {
        let record = loaded.record();
        let deployment = Deployment {
            owner: record.owner.clone(),
            record_namespace: RECORD_NAMESPACE.to_owned(),
            cluster: Arc::clone(&self.cluster),
            cluster_id: record.cluster_id.clone(),
            holder: "bench".to_owned(),
        };
        let target = deployment::Target {
            mode: if stack.objects.is_empty() {
                PlanMode::Destroy
            } else {
                PlanMode::Apply
            },
            declaration: Some(Declaration::new(|_| stack.clone())),
            consents: Consents::default(),
        };
        let (events, mut happened) = mpsc::unbounded_channel();
        let began = Instant::now();
        let listen = async {
            let mut objects_done = began;
            while let Some(event) = happened.recv().await {
                match event {
                    Event::Done { id, .. } if !id.kind.is_namespace() => objects_done = Instant::now(),
                    _ => {}
                }
            }
            objects_done
        };
        let applied = deployment.apply(
            &target,
            loaded,
            shown,
            Options::new(Waiting::Until(TIMEOUT)),
            events,
        );
        let (finished, objects_done) = tokio::join!(applied, listen);
        let Finished {
            summary,
            started,
            record,
            lock,
            ..
        } = finished?;
        record?;
        lock?;
        ensure!(!summary.lost_lock, "the lock was lost");
        Ok(CarriedOut {
            summary,
            steps: vec![
                ("record and lock", started),
                ("plan again, writes and waits", Instant::now()),
            ],
            objects_done,
        })
    }
}

/// A plan in the form that the driver checks: actions by object.
pub(crate) fn changes(plan: &Plan) -> Vec<(String, String)> {
    let word = |action: &Action| {
        match action {
            Action::Create { .. } => "create",
            Action::Update { .. } => "update",
            Action::Mark { .. } => "mark",
            Action::Adopt { .. } => "adopt",
            Action::Replace { .. } => "replace",
            Action::Delete { .. } => "delete",
            Action::Keep { .. } => "keep",
            Action::Refuse { why } => return format!("refuse: {why}"),
        }
        .to_owned()
    };
    let changes = plan.changes.iter();
    changes
        .map(|change| (change.id.to_string(), word(&change.action)))
        .collect()
}

/// The errors of a run as text.
pub(crate) fn errors(summary: &RunSummary) -> Vec<String> {
    let errors = summary.errors.iter();
    errors
        .map(|(id, error)| format!("{id}: {}", error.why()))
        .collect()
}

/// Builds the Secret with the record of a generated environment.
pub(crate) fn new_record(shape: &Shape, cluster_id: &str) -> Value {
    generated::record(shape, cluster_id).to_secret(RECORD_NAMESPACE)
}

pub(crate) fn read_record(secret: &Value) -> Result<Record> {
    Ok(Record::from_secret(secret)?)
}

/// URL of the Secret with an environment's record.
pub(crate) fn record_path(environment: &str) -> String {
    path(&Record::id(&resources::owner(environment), RECORD_NAMESPACE))
}

/// The desired objects of a generated environment: their ids and the bytes to send.
pub(crate) fn desired(shape: &Shape, record: &Record) -> Vec<(ObjectId, Vec<u8>)> {
    let stack = generated::stack(shape, &record.key);
    let objects = stack.objects.iter();
    objects
        .map(|declared| (declared.object.id().clone(), bytes(&declared.object)))
        .collect()
}

fn bytes(object: &Object) -> Vec<u8> {
    object.bytes().to_vec()
}

/// URL of an object. Generated names need no quoting.
pub(crate) fn path(id: &ObjectId) -> String {
    format!("{}/{}", kind_path(&id.kind, id.namespace.as_deref()), id.name)
}

/// URL of a kind's objects.
pub(crate) fn kind_path(kind: &Kind, namespace: Option<&str>) -> String {
    let root = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{}", kind.plural),
        None => format!("{root}/{}", kind.plural),
    }
}
