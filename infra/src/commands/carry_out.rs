//! Carries out a plan that was agreed to: record, lock, a second look, the writes, the record again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use tokio::sync::mpsc;

use super::ending::{exit, finish};
use super::execution::{self, Aim, Planned};
use super::session::Session;
use super::{Context, Exit, Failure, address};
use crate::apply::lock::Lock;
use crate::apply::{self, Conduct, Event, Fence, Outcome, Trouble, Waiting, remember, rights};
use crate::cli::WaitArgs;
use crate::object::ObjectId;
use crate::observation::LiveClaim;
use crate::observe::claims::data_claims;
use crate::observe::known_record::{self, KnownRecord};
use crate::observe::{Before, Depth, namespaces};
use crate::plan::{Action, Consent, Consents, Plan};
use crate::record::{Claim, Record};
use crate::stack::{Stack, id_of};

/// What is to be carried out, and how.
pub(super) struct Undertaking<'a> {
    pub(super) session: &'a Session,
    pub(super) aim: Aim,
    pub(super) consents: Consents,
    pub(super) wait: &'a WaitArgs,
    pub(super) context: &'a Context,
}

impl Undertaking<'_> {
    /// Plans, shows the plan, asks for consent, and carries it out.
    pub(super) async fn run(
        &self,
        known: KnownRecord,
        ask: impl AsyncFnOnce(&KnownRecord) -> Result<(), Failure>,
    ) -> Result<Exit, Failure> {
        let report = &self.context.report;
        let Planned {
            stack,
            observations,
            plan,
        } = self.plan(&known, None).await?;
        report.plan(&plan, &self.session.place());
        report.result(&execution::last_line(&plan, self.aim));
        if let Some(exit) = execution::refusal(&plan) {
            let error = anyhow!("the plan holds what cannot be done, so nothing was written");
            return Err(Failure::new(exit, error));
        }
        if plan.is_empty() {
            return self.rest(&known, &stack, &plan).await;
        }
        self.refuse_without_rights(&plan).await?;
        ask(&known).await?;
        self.carry_out(known, plan, Before { stack, observations }).await
    }

    /// Names the rights that are missing, all at once and before anything is asked or written.
    async fn refuse_without_rights(&self, plan: &Plan) -> Result<(), Failure> {
        let missing = rights::missing(plan, &self.session.cluster).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
        Err(Failure::new(
            Exit::Failed,
            anyhow!("this user lacks rights that the plan needs: {}", names.join(", ")),
        )
        .with_hint(
            "nothing was written; `kubectl auth can-i --list --namespace NAME` shows what this user may do",
        ))
    }

    async fn plan(&self, known: &KnownRecord, before: Option<Before>) -> Result<Planned, Failure> {
        let record = known.record();
        execution::plan(self.session, record, self.aim, self.consents, Depth::Fast, before).await
    }

    /// Carries out the plan that was shown, and prints how it went.
    async fn carry_out(&self, known: KnownRecord, shown: Plan, before: Before) -> Result<Exit, Failure> {
        let session = self.session;
        let known = match self.aim {
            Aim::Apply => remember::establish(known, session.record_namespace(), &session.cluster).await?,
            Aim::Destroy => known,
        };
        match known {
            KnownRecord::Stored { .. } => {
                self.locked(async |known, fence| self.write(known, shown, before, Some(fence)).await)
                    .await
            }
            // A destroy without a record has no place for a lock either; but one may have come while it asked.
            known if self.record_has_come().await? => Err(moved(&[Record::id(
                &known.record().environment,
                session.record_namespace(),
            )])),
            known => self.write(known, shown, before, None).await,
        }
    }

    async fn record_has_come(&self) -> Result<bool, Failure> {
        let session = self.session;
        let id = Record::id(session.name(), session.record_namespace());
        Ok(session.cluster.read(&id).await?.is_some())
    }

    /// Ends a command that has nothing to write but, perhaps, the record: waits until everything is ready.
    async fn rest(&self, known: &KnownRecord, stack: &Stack, plan: &Plan) -> Result<Exit, Failure> {
        let outcome = match self.aim {
            Aim::Apply => self.write_and_wait(plan, stack, None).await,
            Aim::Destroy => Outcome::default(),
        };
        if outcome.is_complete() {
            self.settle_if_needed(known, stack, plan).await?;
            if self.aim == Aim::Apply {
                address::say(self.session, &self.context.report).await;
            }
        }
        self.context.report.done(&outcome);
        Ok(exit(&outcome, self.context))
    }

    /// Does something under the lock, with the record as it is then.
    async fn locked<T>(
        &self,
        work: impl AsyncFnOnce(KnownRecord, Arc<Fence>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let session = self.session;
        let name = session.name();
        let namespace = session.record_namespace();
        let mut lock = Lock::take(name, namespace, &holder(), &session.cluster).await?;
        self.context.interrupts.begin_writing();
        let fence = lock.fence();
        let permit = Arc::clone(&fence);
        session
            .cluster
            .allow_writes_while(Some(Arc::new(move || permit.is_open())));
        let work = async {
            // Another run may have written it, or made an end of the environment, while this one waited.
            let known = known_record::read(name, namespace, &session.cluster_id, &session.cluster).await?;
            work(known.ok_or_else(|| moved(&[]))?, fence).await
        };
        let mut work = std::pin::pin!(work);
        let result = tokio::select! {
            result = &mut work => result,
            lost = lock.keep(name) => {
                self.context.report.warning(&lost.to_string());
                // With the fence closed nothing more is written; what was done is still said.
                work.await.and(Err(lost.into()))
            }
        };
        session.cluster.allow_writes_while(None);
        if let Err(error) = lock.release().await {
            self.context
                .report
                .warning(&format!("the lock could not be given back: {error}"));
        }
        self.context.interrupts.end_writing();
        result
    }

    /// Observes again and writes, if the plan is still the one that was shown.
    async fn write(
        &self,
        known: KnownRecord,
        shown: Plan,
        before: Before,
        fence: Option<Arc<Fence>>,
    ) -> Result<Exit, Failure> {
        let started = Instant::now();
        let session = self.session;
        let Planned { stack, plan, .. } = self.plan(&known, Some(before)).await?;
        if !plan.says_the_same_as(&shown) {
            self.context.report.plan(&plan, &session.place());
            return Err(moved(&plan.objects_that_moved(&shown)));
        }
        drop(shown);
        let live = self.claims(&known, &stack).await?;
        let widened = remember::widened(known.record(), &stack, &live);
        let known = remember::replace(known, widened, session.record_namespace(), &session.cluster).await?;
        let mut outcome = self.write_and_wait(&plan, &stack, fence).await;
        // Whoever has the lock now has the record too.
        let settled = if outcome.lost_lock {
            Ok(())
        } else {
            self.settle(known, &stack, &plan, &mut outcome).await
        };
        if outcome.is_complete() && self.aim == Aim::Apply {
            address::say(session, &self.context.report).await;
        }
        // What was done is said in any case.
        let exit = finish(&outcome, &plan, self.aim, started, self.context);
        settled.map(|()| exit)
    }

    /// Runs an apply while its events are printed.
    async fn write_and_wait(&self, plan: &Plan, stack: &Stack, fence: Option<Arc<Fence>>) -> Outcome {
        let (events, mut happened) = mpsc::unbounded_channel();
        let waiting = if self.wait.no_wait {
            Waiting::No
        } else {
            Waiting::Until(self.wait.timeout)
        };
        let conduct = Conduct {
            waiting,
            stop: self.context.interrupts.stop(),
            fence,
        };
        let print = async {
            while let Some(event) = happened.recv().await {
                self.context.report.event(&event);
            }
        };
        self.context.report.begin_progress();
        let apply = apply::run(plan, stack, &self.session.cluster, conduct, events);
        let (outcome, ()) = tokio::join!(apply, print);
        self.context.report.end_progress();
        outcome
    }

    async fn claims(&self, known: &KnownRecord, stack: &Stack) -> Result<Vec<LiveClaim>, Failure> {
        let namespaces: BTreeSet<String> = namespaces(stack, known.record());
        Ok(data_claims(known.record(), &namespaces, &self.session.cluster).await?)
    }

    /// Brings the record up to date after a run, whatever came of it.
    async fn settle(
        &self,
        known: KnownRecord,
        stack: &Stack,
        plan: &Plan,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let mut live = self.claims(&known, stack).await?;
        for change in &plan.changes {
            let is_claim = change.id.kind.is("", "PersistentVolumeClaim");
            let is_there = live.iter().any(|live| live.claim.is_named(&change.id));
            if is_claim && matches!(change.action, Action::Keep { .. }) && !is_there {
                let why = "it was to be kept, and is gone".to_owned();
                self.fail(change.id.clone(), why, outcome);
            }
        }
        let record = known.record();
        if self.aim == Aim::Apply && self.consents.empty_database == Consent::Withheld {
            for (id, why) in take_exchanged(record, &mut live) {
                self.fail(id, why, outcome);
            }
        }
        let next = if outcome.is_complete() {
            remember::narrowed(record, stack, plan, &live)
        } else {
            remember::updated(record, stack, &live)
        };
        let namespace = self.session.record_namespace();
        let cluster = &self.session.cluster;
        if next.remembers_nothing() {
            remember::forget(&known, namespace, cluster).await?;
        } else {
            remember::replace(known, next, namespace, cluster).await?;
        }
        Ok(())
    }

    /// Says what went wrong although everything was written.
    fn fail(&self, id: ObjectId, why: String, outcome: &mut Outcome) {
        self.context.report.event(&Event::Failed {
            id: id.clone(),
            why: why.clone(),
        });
        outcome.troubles.push((id, Trouble::Failed(why)));
    }

    /// Brings the record up to date after a run that wrote nothing, under the lock, and only if it is out of date.
    async fn settle_if_needed(&self, known: &KnownRecord, stack: &Stack, plan: &Plan) -> Result<(), Failure> {
        let KnownRecord::Stored { record, .. } = known else {
            return Ok(());
        };
        let live = self.claims(known, stack).await?;
        let next = remember::narrowed(record, stack, plan, &live);
        if next == *record && !next.remembers_nothing() {
            return Ok(());
        }
        self.locked(async |known, _fence| {
            let Planned { stack, plan, .. } = self.plan(&known, None).await?;
            if !plan.is_empty() {
                return Err(moved(&[]));
            }
            self.settle(known, &stack, &plan, &mut Outcome::default()).await
        })
        .await
    }
}

/// Takes claims out that stand where the record knows other data: only a consent lets them take its place.
fn take_exchanged(record: &Record, live: &mut Vec<LiveClaim>) -> Vec<(ObjectId, String)> {
    let mut exchanged = Vec::new();
    live.retain(|live| {
        let is_known = |known: &&Claim| known.is_namesake_of(&live.claim) && known.uid != live.claim.uid;
        let Some(known) = record.claims.iter().find(is_known) else {
            return true;
        };
        let id = id_of::<PersistentVolumeClaim>(Some(&known.namespace), &known.name);
        let why = format!(
            "it was made anew (uid {}) while this run was under way; the data was in uid {}",
            live.claim.uid, known.uid
        );
        exchanged.push((id, why));
        false
    });
    exchanged
}

/// How many objects that moved are named.
const NAMED: usize = 5;

fn moved(objects: &[ObjectId]) -> Failure {
    let names: Vec<String> = objects.iter().take(NAMED).map(ToString::to_string).collect();
    let names = match (names.is_empty(), objects.len().saturating_sub(NAMED)) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", names.join(", ")),
        (false, more) => format!(": {} and {more} more", names.join(", ")),
    };
    Failure::new(
        Exit::Moved,
        anyhow!("the cluster has moved since the plan was shown{names}"),
    )
    .with_hint("plan again; no object was changed")
}

/// Who holds the lock, for other people: user, machine and process.
fn holder() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let system = rustix::system::uname();
    let machine = system.nodename().to_string_lossy();
    format!("{user}@{machine} (process {})", std::process::id())
}
