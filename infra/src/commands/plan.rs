//! `infra plan`: shows what an apply would change, and why.

use std::sync::Arc;

use super::execution;
use super::{Context, Exit, Failure};
use crate::cli::PlanArgs;
use crate::observe::Depth;

pub(super) async fn run(args: &PlanArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let (session, aim, consents) =
        execution::begin(&args.environment, args.destroy, &args.consent, context).await?;
    let report = &context.report;
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
