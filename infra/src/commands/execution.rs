//! From a plan that was shown to its last line: what `plan`, `apply` and `destroy` have in common.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::anyhow;
use tokio::sync::mpsc;

use super::session::Session;
use super::{Context, Exit, Failure, address};
use crate::apply::lock::Lock;
use crate::apply::{self, Conduct, Outcome, Trouble, Waiting, remember};
use crate::cli::WaitArgs;
use crate::observe::known_record::{self, KnownRecord};
use crate::observe::{self, observe};
use crate::plan::{Action, Consents, Plan, Summary};
use crate::record::{Credentials, Record};
use crate::resources;
use crate::stack::Stack;

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The environment as its file says.
    Apply,
    /// Nothing but its data.
    Destroy,
}

/// The record to plan with.
///
/// A destroy needs none: it then looks for everything that the environment could hold.
pub(super) async fn known_record(session: &Session, aim: Aim) -> Result<KnownRecord, Failure> {
    if aim == Aim::Apply {
        return session.known_record().await;
    }
    let name = session.name();
    let stored = known_record::read(
        name,
        session.record_namespace(),
        &session.cluster_id,
        &session.cluster,
    );
    if let Some(known) = stored.await? {
        return Ok(known);
    }
    let credentials = Credentials::generate().map_err(known_record::KnownRecordError::from)?;
    let record =
        Record::new(name, &session.cluster_id, credentials).map_err(known_record::KnownRecordError::from)?;
    let declared = resources::declare(&session.environment, &record);
    Ok(KnownRecord::New(remember::widened(&record, &declared)))
}

/// Declares the stack, observes the cluster, and decides.
pub(super) async fn plan(
    session: &Session,
    record: &Record,
    aim: Aim,
    consents: Consents,
) -> Result<(Stack, Plan), Failure> {
    let stack = match aim {
        Aim::Apply => resources::declare(&session.environment, record),
        Aim::Destroy => Stack::default(),
    };
    let observations = observe(&stack, record, &session.cluster).await?;
    let plan = Plan::new(&stack, record, &observations, consents);
    Ok((stack, plan))
}

/// The exit code of a plan that holds refusals.
pub(super) fn refusal(plan: &Plan) -> Option<Exit> {
    let mut refusals = plan.refusals().peekable();
    refusals.peek()?;
    if refusals.all(|(_, why)| why.is_want_of_consent()) {
        Some(Exit::Refused)
    } else {
        Some(Exit::Failed)
    }
}

/// How a command ends that only shows a plan; pending changes count only where that was asked for.
pub(super) fn exit_of_plan(plan: &Plan, detailed: bool) -> Exit {
    match refusal(plan) {
        Some(exit) => exit,
        None if detailed && !plan.is_empty() => Exit::Pending,
        None => Exit::Done,
    }
}

/// The last line of a plan.
pub(super) fn last_line(plan: &Plan, aim: Aim) -> String {
    if !plan.is_empty() {
        return format!("Plan: {}.", Summary::of(plan));
    }
    let name = &plan.environment;
    match aim {
        Aim::Apply => format!(
            "No changes. {name} matches its configuration ({} objects).",
            plan.unchanged.len()
        ),
        Aim::Destroy => format!("No changes. Nothing of {name} is left to delete."),
    }
}

/// Carries out a plan that was agreed to, and prints how it went.
pub(super) async fn carry_out(
    session: &Session,
    known: KnownRecord,
    shown: &Plan,
    aim: Aim,
    consents: Consents,
    wait: &WaitArgs,
    context: &Context,
) -> Result<Exit, Failure> {
    let namespace = session.record_namespace();
    let cluster = &session.cluster;
    let known = match aim {
        Aim::Apply => remember::establish(known, namespace, cluster).await?,
        Aim::Destroy => known,
    };
    // A destroy without a record has no place for a lock either, and nobody who could hold one.
    let KnownRecord::Stored { .. } = &known else {
        return write(session, known, shown, aim, consents, wait, context).await;
    };
    let mut lock = Lock::take(session.name(), namespace, &holder(), cluster).await?;
    let result = tokio::select! {
        result = write(session, known, shown, aim, consents, wait, context) => result,
        lost = lock.keep(session.name()) => return Err(lost.into()),
    };
    if let Err(error) = lock.release().await {
        context
            .report
            .warning(&format!("the lock could not be given back: {error}"));
    }
    result
}

/// Who holds the lock, for other people: user, machine and process.
fn holder() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let system = rustix::system::uname();
    let machine = system.nodename().to_string_lossy();
    format!("{user}@{machine} (process {})", std::process::id())
}

/// Observes again, under the lock, and writes if the plan is still the one that was shown.
async fn write(
    session: &Session,
    known: KnownRecord,
    shown: &Plan,
    aim: Aim,
    consents: Consents,
    wait: &WaitArgs,
    context: &Context,
) -> Result<Exit, Failure> {
    let started = Instant::now();
    let namespace = session.record_namespace();
    let cluster = &session.cluster;
    // Time has passed since the plan was shown, and the record may be another run's.
    let (stack, plan) = self::plan(session, known.record(), aim, consents).await?;
    if !plan.says_the_same_as(shown) {
        context.report.plan(&plan, &session.place());
        return Err(Failure::new(
            Exit::Moved,
            anyhow!("the cluster has moved since the plan was shown; above is the plan as it is now"),
        )
        .with_hint("plan again; no object was changed"));
    }
    let widened = remember::widened(known.record(), &stack);
    let known = remember::replace(known, widened, namespace, cluster).await?;
    let outcome = run(&plan, &stack, session, wait, context).await;
    if outcome.is_good() && !outcome.interrupted {
        settle(session, known, &stack, &plan).await?;
        if aim == Aim::Apply {
            address::say(session, &context.report).await;
        }
    }
    Ok(finish(&outcome, &plan, aim, started, context))
}

/// Runs an apply while its events are printed.
async fn run(plan: &Plan, stack: &Stack, session: &Session, wait: &WaitArgs, context: &Context) -> Outcome {
    let (events, mut happened) = mpsc::unbounded_channel();
    let waiting = if wait.no_wait {
        Waiting::No
    } else {
        Waiting::Until(wait.timeout)
    };
    let conduct = Conduct {
        waiting,
        stop: context.interrupts.begin_writing(),
    };
    let print = async {
        while let Some(event) = happened.recv().await {
            context.report.event(&event);
        }
    };
    context.report.begin_progress();
    let apply = apply::run(plan, stack, &session.cluster, conduct, events);
    let (outcome, ()) = tokio::join!(apply, print);
    context.report.end_progress();
    context.interrupts.end_writing();
    outcome
}

/// Ends an apply that has nothing to write: waits until everything is ready.
pub(super) async fn rest(
    session: &Session,
    known: KnownRecord,
    stack: &Stack,
    plan: &Plan,
    wait: &WaitArgs,
    context: &Context,
) -> Result<Exit, Failure> {
    let outcome = run(plan, stack, session, wait, context).await;
    if outcome.is_good() && !outcome.interrupted {
        settle(session, known, stack, plan).await?;
        address::say(session, &context.report).await;
    }
    let exit = exit(&outcome, context);
    context
        .report
        .ending(exit.word(), exit.code(), None, Some(&outcome));
    Ok(exit)
}

/// Brings the record up to date after a run in which everything went well.
pub(super) async fn settle(
    session: &Session,
    known: KnownRecord,
    stack: &Stack,
    plan: &Plan,
) -> Result<(), Failure> {
    let KnownRecord::Stored { record, .. } = &known else {
        return Ok(());
    };
    let cluster = &session.cluster;
    let claims = observe::data_claims(record, &stack.namespaces, cluster).await?;
    let narrowed = remember::narrowed(record, stack, plan, &claims);
    if narrowed.remembers_nothing() {
        remember::forget(session.name(), session.record_namespace(), cluster).await?;
    } else {
        remember::replace(known, narrowed, session.record_namespace(), cluster).await?;
    }
    Ok(())
}

/// Prints the last line and says how the command ends.
fn finish(outcome: &Outcome, plan: &Plan, aim: Aim, started: Instant, context: &Context) -> Exit {
    let report = &context.report;
    let seconds = started.elapsed().as_secs_f64();
    let kept: Vec<_> = plan
        .changes
        .iter()
        .filter_map(|change| match &change.action {
            Action::Keep { why } => Some((&change.id, why.as_str())),
            _ => None,
        })
        .collect();
    if aim == Aim::Destroy {
        report.kept(&kept);
    }
    let good = outcome.is_good() && !outcome.interrupted;
    let mut numbers = match aim {
        Aim::Apply => format!(
            "{} created, {} changed, 0 replaced, {} deleted, {} unchanged",
            outcome.created, outcome.changed, outcome.deleted, outcome.unchanged
        ),
        Aim::Destroy => format!("{} deleted, {} kept", outcome.deleted, outcome.kept),
    };
    let extra = match aim {
        Aim::Apply => vec![(outcome.marked, "marked"), (outcome.kept, "kept")],
        Aim::Destroy => Vec::new(),
    };
    let failed = outcome.troubles.len();
    for (count, word) in extra
        .into_iter()
        .chain([(failed, "failed"), (outcome.skipped, "skipped")])
    {
        if count > 0 {
            let _ = write!(numbers, ", {count} {word}");
        }
    }
    let word = match (aim, good) {
        (Aim::Apply, true) => "Applied",
        (Aim::Destroy, true) => "Destroyed",
        (_, false) if outcome.interrupted => "Interrupted",
        (_, false) => "Not done",
    };
    report.result(&format!("{word}: {numbers} in {seconds:.1} s."));
    if !good {
        report.hint("the same command goes on where this one ended");
    }
    let exit = exit(outcome, context);
    report.ending(exit.word(), exit.code(), None, Some(outcome));
    exit
}

fn exit(outcome: &Outcome, context: &Context) -> Exit {
    let has = |wanted: fn(&Trouble) -> bool| outcome.troubles.iter().any(|(_, trouble)| wanted(trouble));
    if outcome.interrupted {
        context.interrupts.exit()
    } else if has(|trouble| matches!(trouble, Trouble::Failed(_))) {
        Exit::Failed
    } else if has(|trouble| matches!(trouble, Trouble::Foreign(_))) {
        Exit::Refused
    } else if has(|trouble| matches!(trouble, Trouble::NotReady(_))) {
        Exit::NotReady
    } else {
        Exit::Done
    }
}
