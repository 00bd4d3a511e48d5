//! `infra diff`: the plan as a unified diff of YAML. Changes nothing.

use std::sync::Arc;

use super::execution;
use super::{Context, Exit, Failure};
use crate::cli::DiffArgs;
use crate::observe::Depth;

pub(super) async fn run(args: &DiffArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let (session, aim, consents) =
        execution::begin(&args.environment, args.destroy, &args.consent, context).await?;
    let report = &context.report;
    let known = execution::known_record(&session, aim).await?;
    let planned = execution::plan(&session, known.record(), aim, consents, Depth::Fast, None).await?;
    let plan = planned.plan;
    report.diff(&plan, &session.place());
    report.aside(&execution::last_line(&plan, aim));
    Ok(execution::exit_of_plan(&plan, args.detailed_exitcode))
}
