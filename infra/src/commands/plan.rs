//! `infra plan`: shows what an apply would change, and why.

use std::sync::Arc;

use clap::Args;

use super::{Context, Exit, Failure, planning};
use crate::cli::{ConsentArgs, EnvironmentArg, OutputArgs};
use engine::deployment::PlanMode;
use engine::observe::Depth;

/// Show what an apply would change, and why
///
/// Reads and dry-runs only: every object that is not provably unchanged is dry-run on the server. Each change is shown with its
/// fields, their cause and its effect on running pods. Consent flags show the plan of an apply with the same flags.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra plan minikube
  infra plan minikube --detailed-exitcode  exit with 2 if changes are pending
  infra plan minikube --output json        one JSON document
  infra plan minikube --destroy            what a destroy would delete")]
pub struct PlanArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Plan a destroy
    #[arg(long, conflicts_with_all = ["force_conflicts", "adopt", "replace", "allow", "confirm"])]
    destroy: bool,
    /// Dry-run every object, even unchanged ones
    #[arg(long)]
    thorough: bool,
    /// Exit with code 2 if changes are pending
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

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
    let environment = &args.environment.name_or_path;
    let (session, plan) = planning::preview(environment, mode, &args.consent, depth, context).await?;
    let report = &context.report;
    report.plan(&plan, &session.place());
    report.result(&planning::last_line(&plan, mode));
    Ok(planning::exit_of_plan(&plan, args.detailed_exitcode))
}
