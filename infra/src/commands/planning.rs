//! Plans within a session: shared by `plan`, `diff`, `apply` and `destroy`.

use std::sync::Arc;

use super::session::{Needs, Session, consents};
use super::{Context, Exit, Failure};
use crate::cli::ConsentArgs;
use crate::resources;
use engine::deployment::{PlanMode, Planned, Target};
use engine::observe::{Depth, ForeignFields, Look};
use engine::record::LoadedRecord;
use engine_core::plan::{Consents, Plan, Summary};

/// Opens a session and plans, for a command that only shows the plan.
pub(super) async fn preview(
    environment: &str,
    mode: PlanMode,
    consent: &ConsentArgs,
    depth: Depth,
    context: &Arc<Context>,
) -> Result<(Session, Plan), Failure> {
    let needs = match mode {
        PlanMode::Apply => Needs::Image,
        PlanMode::Destroy => Needs::Location,
    };
    let session = Session::open(environment, needs, context).await?;
    context.report.aside(&session.describe());
    let target = match mode {
        PlanMode::Apply => apply_target(&session, consent)?,
        PlanMode::Destroy => {
            session.refuse_if_protected()?;
            destroy_target(&session, Consents::default())
        }
    };
    let loaded = load_record(&session, &target).await?;
    let plan = plan(&session, &target, &loaded, depth).await?.plan;
    drop(target);
    Ok((session, plan))
}

/// The environment as its file declares it.
pub(super) fn apply_target<'a>(session: &'a Session, consent: &ConsentArgs) -> Result<Target<'a>, Failure> {
    let environment = session.environment()?;
    Ok(Target {
        mode: PlanMode::Apply,
        declaration: Some(resources::declaration(environment)),
        consents: consents(consent, environment)?,
    })
}

/// A target that keeps only the environment's data.
pub(super) fn destroy_target(session: &Session, consents: Consents) -> Target<'_> {
    Target {
        mode: PlanMode::Destroy,
        // A file with faults declares nothing; the record is enough.
        declaration: session.environment().ok().map(resources::declaration),
        consents,
    }
}

/// The record to plan with, from the Secret that the session has read.
pub(super) async fn load_record(session: &Session, target: &Target<'_>) -> Result<LoadedRecord, Failure> {
    let loaded = session.stored_record()?;
    if loaded.is_none() && target.declaration.is_none() {
        // Names the faults of the file.
        session.environment()?;
    }
    let completed = session.deployment.complete(target, loaded).await;
    completed.map_err(|error| session.failure(error))
}

/// Plans, and shows progress on a terminal.
pub(super) async fn plan(
    session: &Session,
    target: &Target<'_>,
    loaded: &LoadedRecord,
    depth: Depth,
) -> Result<Planned, Failure> {
    let foreign_fields = if session.report().is_verbose() {
        ForeignFields::Named
    } else {
        ForeignFields::Ignored
    };
    let look = Look {
        depth,
        foreign_fields,
    };
    let work = format!("planning {}", session.name());
    let planned = session.deployment.plan(target, loaded.record(), look, None);
    Ok(session.report().during(&work, planned).await?)
}

/// The exit code of a plan with refused changes; `None` without any.
pub(super) fn refusal(plan: &Plan) -> Option<Exit> {
    let mut refusals = plan.refusals().peekable();
    refusals.peek()?;
    if refusals.all(|(_, why)| why.is_want_of_consent()) {
        Some(Exit::Refused)
    } else {
        Some(Exit::Failed)
    }
}

/// The exit code of a command that shows a plan; pending changes count only with `--detailed-exitcode`.
pub(super) fn exit_of_plan(plan: &Plan, detailed: bool) -> Exit {
    match refusal(plan) {
        Some(exit) => exit,
        None if detailed && !plan.is_empty() => Exit::Pending,
        None => Exit::Done,
    }
}

/// The last line of a plan.
pub(super) fn last_line(plan: &Plan, mode: PlanMode) -> String {
    if !plan.is_empty() {
        return format!("Plan: {}.", Summary::of(plan));
    }
    let name = &plan.owner.environment;
    match mode {
        PlanMode::Apply => format!(
            "No changes. {name} matches its configuration ({} objects).",
            plan.unchanged.len()
        ),
        PlanMode::Destroy => format!("No changes. Nothing of {name} is left to delete."),
    }
}
