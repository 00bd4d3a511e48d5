//! `infra render`: prints the manifests as YAML for `kubectl apply`. Needs neither cluster nor kubeconfig.

use clap::Args;

use super::locate::{EnvironmentFile, locate};
use super::{Context, Exit, Failure};
use crate::cli::EnvironmentArg;
use crate::environment::Environment;
use crate::resources;

/// Print the manifests as YAML for kubectl; needs no cluster
///
/// Secrets are printed without values: a comment lists their keys.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra render minikube
  infra render minikube | kubectl apply --dry-run=server -f -")]
pub struct RenderArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
}

pub(super) fn run(args: &RenderArgs, context: &Context) -> Result<Exit, Failure> {
    let EnvironmentFile { directory, name } = locate(&args.environment.name_or_path, &context.global)?;
    let environment = Environment::load(&directory, &name)?;
    let name = environment.name.as_str();
    let record = resources::placeholder_record(&environment, "");
    let stack = resources::declare(&environment, &record);
    context.report.manifests(name, &stack);
    Ok(Exit::Done)
}
