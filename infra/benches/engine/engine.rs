//! Every call of the library: the engine under measurement, called as the commands call it.
//!
//! The tests of the engine's requests share this file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use infra::apply::lock::Lock;
use infra::apply::{self, Conduct, Event, Outcome, Waiting, remember};
use infra::cluster::{Cluster, Target};
use infra::object::{Kind, Object, ObjectId};
use infra::observation::Observations;
use infra::observe::claims::data_claims;
use infra::observe::known_record::{self, KnownRecord};
use infra::observe::{Before, Depth, namespaces, observe};
use infra::plan::{Action, Consents, Plan};
use infra::record::Record;
use infra::stack::Stack;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::generated::{self, Shape};

/// Where the records stand.
pub(crate) const RECORD_NAMESPACE: &str = "infra-system";

/// As long as the product waits at most.
const TIMEOUT: Duration = Duration::from_mins(10);

/// The engine, connected to a cluster.
pub(crate) struct Engine {
    cluster: Cluster,
}

/// A plan and what it follows from.
pub(crate) struct Shown {
    pub(crate) plan: Plan,
    observations: Observations,
}

/// What came of what follows a confirmation.
pub(crate) struct CarriedOut {
    pub(crate) outcome: Outcome,
    /// When each step ended.
    pub(crate) steps: Vec<(&'static str, Instant)>,
    /// When the last object but the namespaces was done.
    pub(crate) objects_done: Instant,
}

impl Engine {
    /// Reads the context `sandbox`. A retry would spoil what is measured, so `notice` says it.
    pub(crate) async fn connect(kubeconfig: &Path, notice: fn(&str)) -> Result<Self> {
        let target = Target {
            context: "sandbox".to_owned(),
            kubeconfig: Some(PathBuf::from(kubeconfig)),
        };
        let cluster = Cluster::connect(&target, Arc::new(notice)).await?;
        Ok(Self { cluster })
    }

    /// The cluster's identity.
    pub(crate) async fn identity(&self) -> Result<String> {
        Ok(self.cluster.identity().await?)
    }

    /// What a command asks before it plans.
    pub(crate) async fn look_up(&self, environment: &str) -> Result<KnownRecord> {
        let record = Record::id(environment, RECORD_NAMESPACE);
        let (id, secret) = tokio::try_join!(self.cluster.identity(), self.cluster.read(&record))?;
        let secret = secret.context("the record is not there")?;
        Ok(known_record::recognise(environment, &id, &secret)?)
    }

    /// Observes and decides.
    pub(crate) async fn plan(&self, stack: &Stack, record: &Record) -> Result<Plan> {
        Ok(self.shown(stack, record).await?.plan)
    }

    /// A plan with what it follows from, as it is shown before a confirmation.
    pub(crate) async fn shown(&self, stack: &Stack, record: &Record) -> Result<Shown> {
        let observations = self.observe(stack, record, None).await?;
        Ok(Shown {
            plan: Plan::new(stack, record, &observations, Consents::default()),
            observations,
        })
    }

    /// Observes; `before` is what an earlier look has found.
    pub(crate) async fn observe(
        &self,
        stack: &Stack,
        record: &Record,
        before: Option<Before>,
    ) -> Result<Observations> {
        Ok(observe(stack, record, Depth::Fast, before, &self.cluster).await?)
    }

    /// Writes and waits, without a lock: what an apply does when there is nothing to do.
    pub(crate) async fn run(&self, plan: &Plan, stack: &Stack) -> Outcome {
        self.write(plan, stack, None).await.0
    }

    async fn write(
        &self,
        plan: &Plan,
        stack: &Stack,
        fence: Option<Arc<apply::Fence>>,
    ) -> (Outcome, Instant) {
        let (events, mut happened) = mpsc::unbounded_channel();
        let (_sender, stop) = watch::channel(false);
        let conduct = Conduct {
            waiting: Waiting::Until(TIMEOUT),
            stop,
            fence,
        };
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
        tokio::join!(apply::run(plan, stack, &self.cluster, conduct, events), listen)
    }

    /// Everything from the confirmation to the end, as `apply` and `destroy` do it.
    pub(crate) async fn carry_out(
        &self,
        known: KnownRecord,
        stack: &Stack,
        shown: Shown,
    ) -> Result<CarriedOut> {
        let before = Before {
            stack: stack.clone(),
            observations: shown.observations,
        };
        let environment = known.record().environment.clone();
        let mut steps = Vec::new();
        let known = remember::establish(known, RECORD_NAMESPACE, &self.cluster).await?;
        let mut lock = Lock::take(&environment, RECORD_NAMESPACE, "bench", &self.cluster).await?;
        steps.push(("record and lock", Instant::now()));
        let fence = lock.fence();
        let work = async {
            let id = known.record().cluster_id.clone();
            let known = known_record::read(&environment, RECORD_NAMESPACE, &id, &self.cluster).await?;
            let known = known.context("the record is not there")?;
            let observations = self.observe(stack, known.record(), Some(before)).await?;
            let plan = Plan::new(stack, known.record(), &observations, Consents::default());
            ensure!(plan.says_the_same_as(&shown.plan), "the cluster has moved");
            drop((shown.plan, observations));
            steps.push(("second look", Instant::now()));
            let names = namespaces(stack, known.record());
            let claims = data_claims(known.record(), &names, &self.cluster).await?;
            let wider = remember::widened(known.record(), stack, &claims);
            let known = remember::replace(known, wider, RECORD_NAMESPACE, &self.cluster).await?;
            let (outcome, objects_done) = self.write(&plan, stack, Some(fence)).await;
            steps.push(("writes and waits", Instant::now()));
            let claims = data_claims(known.record(), &names, &self.cluster).await?;
            let next = remember::narrowed(known.record(), stack, &plan, &claims);
            if next.remembers_nothing() {
                remember::forget(&known, RECORD_NAMESPACE, &self.cluster).await?;
            } else {
                remember::replace(known, next, RECORD_NAMESPACE, &self.cluster).await?;
            }
            anyhow::Ok((outcome, objects_done))
        };
        let result = tokio::select! {
            result = work => result,
            lost = lock.keep(&environment) => Err(lost.into()),
        };
        lock.release().await?;
        steps.push(("record again", Instant::now()));
        let (outcome, objects_done) = result?;
        Ok(CarriedOut {
            outcome,
            steps,
            objects_done,
        })
    }
}

/// A plan as the driver checks it: object and action.
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

/// What went wrong, in words.
pub(crate) fn troubles(outcome: &Outcome) -> Vec<String> {
    let troubles = outcome.troubles.iter();
    troubles
        .map(|(id, trouble)| format!("{id}: {}", trouble.why()))
        .collect()
}

/// Makes the record of a generated environment, as the Secret that holds it.
pub(crate) fn new_record(shape: &Shape, cluster_id: &str) -> Value {
    generated::record(shape, cluster_id).to_secret(RECORD_NAMESPACE)
}

pub(crate) fn read_record(secret: &Value) -> Result<Record> {
    Ok(Record::from_secret(secret)?)
}

/// URL of the Secret with an environment's record.
pub(crate) fn record_path(environment: &str) -> String {
    path(&Record::id(environment, RECORD_NAMESPACE))
}

/// The desired objects of a generated environment: who they are, and the bytes that are sent.
pub(crate) fn desired(shape: &Shape, record: &Record) -> Vec<(ObjectId, Vec<u8>)> {
    let stack = generated::stack(shape, &record.key);
    let members = stack.members.iter();
    members
        .map(|member| (member.object.id().clone(), bytes(&member.object)))
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
