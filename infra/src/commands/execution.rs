//! From a session to a plan, and to what is printed of it: what `plan`, `apply` and `destroy` have in common.

use std::sync::Arc;

use super::session::{Needs, Session, consents};
use super::{Context, Exit, Failure};
use crate::apply::remember;
use crate::cli::ConsentArgs;
use crate::observation::Observations;
use crate::observe::known_record::{self, KnownRecord};
use crate::observe::{Before, Beside, Depth, Look, observe};
use crate::plan::{Consents, Plan, Summary};
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

/// How a command begins that only shows a plan, of an apply or of a destroy.
pub(super) async fn begin(
    environment: &str,
    is_destroy: bool,
    consent: &ConsentArgs,
    context: &Arc<Context>,
) -> Result<(Session, Aim, Consents), Failure> {
    let needs = if is_destroy { Needs::Location } else { Needs::Image };
    let session = Session::open(environment, needs, context).await?;
    context.report.aside(&session.describe());
    if is_destroy {
        session.refuse_if_protected()?;
        return Ok((session, Aim::Destroy, Consents::default()));
    }
    let consents = consents(consent, session.environment()?)?;
    Ok((session, Aim::Apply, consents))
}

/// The record to plan with.
///
/// A destroy needs none: it then looks for everything that the environment could hold.
pub(super) async fn known_record(session: &Session, aim: Aim) -> Result<KnownRecord, Failure> {
    if aim == Aim::Apply {
        return session.known_record().await;
    }
    let name = session.name();
    if let Some(known) = session.stored_record()? {
        return Ok(known);
    }
    let credentials = Credentials::generate().map_err(known_record::KnownRecordError::from)?;
    let record =
        Record::new(name, &session.cluster_id, credentials).map_err(known_record::KnownRecordError::from)?;
    let declared = resources::declare(session.environment()?, &record);
    Ok(KnownRecord::New(remember::widened(&record, &declared, &[])))
}

/// A plan with what it follows from.
pub(super) struct Planned {
    pub(super) stack: Stack,
    pub(super) observations: Observations,
    pub(super) plan: Plan,
}

/// Declares the stack, observes the cluster, and decides.
pub(super) async fn plan(
    session: &Session,
    record: &Record,
    aim: Aim,
    consents: Consents,
    depth: Depth,
    before: Option<Before>,
) -> Result<Planned, Failure> {
    let stack = match aim {
        Aim::Apply => resources::declare(session.environment()?, record),
        Aim::Destroy => Stack::default(),
    };
    let work = format!("planning {}", session.name());
    let beside = if session.report().is_verbose() {
        Beside::Named
    } else {
        Beside::Ignored
    };
    let look = Look { depth, beside };
    let observations = session
        .report()
        .during(&work, observe(&stack, record, look, before, &session.cluster))
        .await?;
    let plan = Plan::new(&stack, record, &observations, consents);
    Ok(Planned {
        stack,
        observations,
        plan,
    })
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
