//! `infra diff`: shows the plan as a unified diff of YAML. Changes nothing.

use std::sync::Arc;

use clap::Args;

use super::{Context, Exit, Failure, planning};
use crate::cli::{ConsentArgs, EnvironmentArg, OutputArgs};
use engine::deployment::PlanMode;
use engine::observe::Depth;

/// Show the plan as a unified diff of YAML, live to planned
///
/// Compares the fields that this program manages. Values of Secrets are never shown. Changes nothing.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra diff minikube
  infra diff minikube --detailed-exitcode  exit with 2 if changes are pending")]
pub struct DiffArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Show what a destroy would delete
    #[arg(long, conflicts_with_all = ["force_conflicts", "allow", "confirm"])]
    destroy: bool,
    /// Exit with code 2 if changes are pending
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &DiffArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let mode = if args.destroy {
        PlanMode::Destroy
    } else {
        PlanMode::Apply
    };
    let environment = &args.environment.name_or_path;
    let (session, plan) = planning::preview(environment, mode, &args.consent, Depth::Fast, context).await?;
    let report = &context.report;
    report.diff(&plan, &session.place());
    report.aside(&planning::last_line(&plan, mode));
    Ok(planning::exit_of_plan(&plan, args.detailed_exitcode))
}
