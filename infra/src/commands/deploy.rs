//! The path of `apply` and `destroy`, top to bottom: plan, show, check permissions, confirm, apply, report.

use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::mpsc;

use super::planning;
use super::prompt::{Question, confirm};
use super::session::Session;
use super::summary::{exit, finish};
use super::{Context, Exit, Failure, address};
use crate::cli::WaitArgs;
use engine::apply::lock::LockError;
use engine::apply::{self, Event, Options, RunSummary, Waiting, access};
use engine::deployment::{Finished, PlanMode, Planned, Target};
use engine::observe::Depth;
use engine::record::LoadedRecord;
use engine_core::plan::Plan;

/// How the plan is confirmed, and how long the run waits.
pub(super) struct Conditions<'a> {
    pub(super) question: Question,
    pub(super) yes: bool,
    pub(super) wait: &'a WaitArgs,
}

/// Plans, shows the plan, asks for confirmation, applies the plan and reports the outcome.
pub(super) async fn deploy(
    session: &Session,
    target: &Target<'_>,
    conditions: &Conditions<'_>,
    context: &Arc<Context>,
) -> Result<Exit, Failure> {
    let report = &context.report;
    let options = options(conditions.wait, context);

    // Reads and dry-runs.
    let loaded = planning::load_record(session, target).await?;
    let planned = planning::plan(session, target, &loaded, Depth::Fast).await?;
    report.plan(&planned.plan, &session.place());
    report.result(&planning::last_line(&planned.plan, target.mode));
    if let Some(exit) = planning::refusal(&planned.plan) {
        let error = anyhow!("the plan has refused changes; nothing was written");
        return Err(Failure::new(exit, error));
    }
    if planned.plan.is_empty() {
        return wait_only(session, target, &loaded, &planned, options, context).await;
    }
    refuse_without_access(session, &planned.plan).await?;

    // Consent.
    if target.mode == PlanMode::Apply {
        say_which_cluster(session, &loaded, context);
    }
    confirm(&conditions.question, conditions.yes, report).await?;

    // Record, lock, a second plan that must say the same, writes, waits, record.
    let finished = report_events(context, |events| {
        session.deployment.apply(target, loaded, planned, options, events)
    });
    let finished = finished.await.map_err(|error| session.failure(error))?;

    let Finished {
        summary,
        plan,
        started,
        record,
        lock,
    } = finished;
    if summary.is_complete() && target.mode == PlanMode::Apply {
        address::say(session, report).await;
    }
    // Reports the outcome even if storing the record or releasing the lock failed.
    let exit = finish(&summary, &plan, target.mode, started, context);
    match lock {
        Err(lost @ LockError::Lost { .. }) => return Err(lost.into()),
        Err(error) => report.warning(&format!("the lock could not be released: {error}")),
        Ok(()) => {}
    }
    record?;
    Ok(exit)
}

/// Ends a command that has nothing to write: waits until everything is ready and refreshes the record.
async fn wait_only(
    session: &Session,
    target: &Target<'_>,
    loaded: &LoadedRecord,
    planned: &Planned,
    options: Options,
    context: &Arc<Context>,
) -> Result<Exit, Failure> {
    let Planned { stack, plan, .. } = planned;
    let deployment = &session.deployment;
    let summary = match target.mode {
        PlanMode::Apply => {
            report_events(context, |events| {
                apply::wait(plan, stack, &deployment.cluster, options, events)
            })
            .await
        }
        PlanMode::Destroy => RunSummary::default(),
    };
    if summary.is_complete() {
        let refreshed = report_events(context, |events| async move {
            deployment.refresh_record(target, loaded, planned, &events).await
        });
        refreshed.await.map_err(|error| session.failure(error))?;
        if target.mode == PlanMode::Apply {
            address::say(session, &context.report).await;
        }
    }
    context.report.done(&summary);
    Ok(exit(&summary, context))
}

/// Reports every missing permission before it asks for confirmation or writes anything.
async fn refuse_without_access(session: &Session, plan: &Plan) -> Result<(), Failure> {
    let missing = access::missing(plan, &session.deployment.cluster).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
    Err(Failure::new(
        Exit::Failed,
        anyhow!(
            "this user lacks permissions that the plan needs: {}",
            names.join(", ")
        ),
    )
    .with_hint(
        "nothing was written; `kubectl auth can-i --list --namespace NAME` lists this user's permissions",
    ))
}

/// Before the first apply, hints at the line that pins the environment to this cluster.
fn say_which_cluster(session: &Session, loaded: &LoadedRecord, context: &Context) {
    if matches!(loaded, LoadedRecord::New(_)) && session.location.cluster.id.is_none() {
        context.report.hint(&format!(
            "to pin {} to this cluster, add to its `[cluster]` table: id = \"{}\"",
            session.name(),
            session.deployment.cluster_id
        ));
    }
}

fn options(wait: &WaitArgs, context: &Context) -> Options {
    Options {
        waiting: if wait.no_wait {
            Waiting::No
        } else {
            Waiting::Until(wait.timeout)
        },
        stop: context.interrupts.stop(),
        writing: context.interrupts.writing(),
    }
}

/// Prints the events of a run as they happen.
async fn report_events<F: Future>(
    context: &Context,
    run: impl FnOnce(mpsc::UnboundedSender<Event>) -> F,
) -> F::Output {
    let (events, mut happened) = mpsc::unbounded_channel();
    let report = &context.report;
    let print = async {
        while let Some(event) = happened.recv().await {
            report.event(&event);
        }
    };
    report.begin_progress();
    let (output, ()) = tokio::join!(run(events), print);
    report.end_progress();
    output
}
