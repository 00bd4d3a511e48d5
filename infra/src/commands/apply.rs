//! `infra apply`: plans, confirms, writes, waits until everything is ready, and prints the URL.

use std::sync::Arc;

use clap::Args;

use super::deploy::{Conditions, deploy};
use super::prompt::Question;
use super::session::{Needs, Session};
use super::{Context, Exit, Failure, image, planning};
use crate::cli::{ConsentArgs, EnvironmentArg, OutputArgs, WaitArgs};

/// Plan, confirm, write, and wait until everything is ready
///
/// Shows the plan and asks before it writes. It then takes the lock and plans again: if the cluster has moved, nothing is written.
/// Nothing is written either if the plan has a refused change. Apply again to resume an interrupted run.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra apply minikube                      ask before writing
  infra apply minikube --yes --timeout 10m  for scripts: skip confirmation
  infra apply production --allow outage     for a protected environment
  infra apply environments/minikube.toml    by the path of its file

Exit codes:
  0 done, 1 failed, 3 not ready, 4 locked by another run, 5 cluster moved since
  the plan, 6 refused, 64 usage error, 130 or 143 interrupted")]
pub struct ApplyArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Skip confirmation
    ///
    /// Effects that are not allowed still need --allow, and data loss still needs --confirm.
    #[arg(short, long)]
    yes: bool,
    /// Build a missing image into minikube first
    #[arg(long)]
    build: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &ApplyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment.name_or_path, Needs::Image, context).await?;
    context.report.aside(&session.describe());
    if args.build {
        image::build_where_possible(session.environment()?, &context.report).await?;
    }
    let target = planning::apply_target(&session, &args.consent)?;
    let conditions = Conditions {
        question: Question::YesOrNo(format!("Apply this plan to {}?", session.name())),
        yes: args.yes,
        wait: &args.wait,
    };
    deploy(&session, &target, &conditions, context).await
}
