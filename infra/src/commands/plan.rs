//! `infra plan`: shows what an apply would change, and why.

use std::sync::Arc;

use super::{Context, Exit, Failure, planning};
use crate::cli::PlanArgs;
use engine::deployment::PlanMode;
use engine::observe::Depth;

pub(super) async fn run(args: &PlanArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let mode = if args.destroy {
        PlanMode::Destroy
    } else {
        PlanMode::Apply
    };
    let depth = if args.thorough {
        Depth::Thorough
    } else {
        Depth::Fast
    };
    let session = planning::open(&args.environment, mode, context).await?;
    let target = planning::target(&session, mode, &args.consent)?;
    let loaded = planning::load_record(&session, &target).await?;
    let plan = planning::plan(&session, &target, &loaded, depth).await?.plan;
    let report = &context.report;
    report.plan(&plan, &session.place());
    report.result(&planning::last_line(&plan, mode));
    Ok(planning::exit_of_plan(&plan, args.detailed_exitcode))
}
