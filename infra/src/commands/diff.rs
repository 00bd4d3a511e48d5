//! `infra diff`: the plan as a unified diff of YAML. Changes nothing.

use std::sync::Arc;

use super::execution::{self, Aim};
use super::session::{Session, consents};
use super::{Context, Exit, Failure};
use crate::cli::DiffArgs;
use crate::observe::Depth;

pub(super) async fn run(args: &DiffArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, context).await?;
    let report = &context.report;
    report.aside(&session.describe());
    let consents = consents(&args.consent, &session.environment)?;
    let known = execution::known_record(&session, Aim::Apply).await?;
    let (_, plan) = execution::plan(&session, known.record(), Aim::Apply, consents, Depth::Fast).await?;
    report.diff(&plan);
    report.aside(&execution::last_line(&plan, Aim::Apply));
    Ok(execution::exit_of_plan(&plan, args.detailed_exitcode))
}
