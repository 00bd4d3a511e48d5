//! `infra plan`: shows what an apply would change, and why.

use std::sync::Arc;

use super::execution::{self, Aim};
use super::session::{Needs, Session, consents};
use super::{Context, Exit, Failure};
use crate::cli::PlanArgs;
use crate::observe::Depth;
use crate::plan::Consents;

pub(super) async fn run(args: &PlanArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let needs = if args.destroy {
        Needs::Location
    } else {
        Needs::Image
    };
    let session = Session::open(&args.environment, needs, context).await?;
    let report = &context.report;
    report.aside(&session.describe());
    let (aim, consents) = if args.destroy {
        session.refuse_if_protected()?;
        (Aim::Destroy, Consents::default())
    } else {
        (Aim::Apply, consents(&args.consent, session.environment()?)?)
    };
    let depth = if args.thorough {
        Depth::Thorough
    } else {
        Depth::Fast
    };
    let known = execution::known_record(&session, aim).await?;
    let planned = execution::plan(&session, known.record(), aim, consents, depth, None).await?;
    let plan = planned.plan;
    report.plan(&plan, &session.place());
    report.result(&execution::last_line(&plan, aim));
    Ok(execution::exit_of_plan(&plan, args.detailed_exitcode))
}
