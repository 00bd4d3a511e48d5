//! `infra diff`: the plan as a unified diff of YAML. Changes nothing.

use std::sync::Arc;

use super::{Context, Exit, Failure, planning};
use crate::cli::DiffArgs;
use engine::deployment::PlanMode;
use engine::observe::Depth;

pub(super) async fn run(args: &DiffArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let mode = if args.destroy {
        PlanMode::Destroy
    } else {
        PlanMode::Apply
    };
    let session = planning::open(&args.environment, mode, context).await?;
    let target = planning::target(&session, mode, &args.consent)?;
    let loaded = planning::load_record(&session, &target).await?;
    let plan = planning::plan(&session, &target, &loaded, Depth::Fast)
        .await?
        .plan;
    let report = &context.report;
    report.diff(&plan, &session.place());
    report.aside(&planning::last_line(&plan, mode));
    Ok(planning::exit_of_plan(&plan, args.detailed_exitcode))
}
