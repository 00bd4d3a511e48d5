//! `infra validate`: checks environment files. Needs neither cluster nor kubeconfig.

use anyhow::{Context as _, anyhow};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::locate::{EnvironmentFile, locate};
use super::{Context, Exit, Failure};
use crate::cli;
use crate::environment::{self, Environment};
use crate::report::Report;

/// Check environment files; needs no cluster
///
/// Reports every fault of every file at once, with its line and the nearest valid name.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra validate                             all environments
  infra validate minikube production
  infra validate environments/minikube.toml")]
pub struct ValidateArgs {
    /// Environments to check: names or paths; all by default
    #[arg(value_name = "ENVIRONMENT", add = ArgValueCompleter::new(cli::environments))]
    environments_to_check: Vec<String>,
}

pub(super) fn run(args: &ValidateArgs, context: &Context) -> Result<Exit, Failure> {
    let directory = &context.global.environments;
    let mut names = args.environments_to_check.clone();
    if names.is_empty() {
        let all = environment::names(directory)
            .with_context(|| format!("cannot read the environments directory `{}`", directory.display()))
            .map_err(|error| {
                Failure::new(Exit::Failed, error)
                    .with_hint("run in the directory above `environments`, or pass --environments DIR")
            })?;
        names = all.iter().map(ToString::to_string).collect();
    }
    if names.is_empty() {
        let error = anyhow!("there is no environment in `{}`", directory.display());
        return Err(Failure::new(Exit::Failed, error));
    }
    let mut exit = Exit::Done;
    for name in &names {
        let EnvironmentFile { directory, name } = locate(name, &context.global)?;
        match Environment::load(&directory, &name) {
            Ok(environment) => say_valid(&environment, &context.report),
            Err(error) => {
                if exit == Exit::Failed {
                    // Separates the faults of two files.
                    context.report.aside("");
                }
                context.report.laid_out(&error.render(), &error.render_coloured());
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}

fn say_valid(environment: &Environment, report: &Report) {
    report.result(&format!(
        "{} is valid (context {})",
        environment.name, environment.cluster.context
    ));
}
