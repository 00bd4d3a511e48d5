//! `infra validate`: checks environment files. Needs no cluster and no kubeconfig.

use anyhow::{Context as _, anyhow};

use super::{Context, Exit, Failure};
use crate::cli::ValidateArgs;
use crate::environment::{self, Environment};
use crate::report::Report;

pub(super) fn run(args: &ValidateArgs, context: &Context) -> Result<Exit, Failure> {
    let directory = &context.global.environments;
    let mut names = args.environments_to_check.clone();
    if names.is_empty() {
        let all = environment::names(directory)
            .with_context(|| {
                format!(
                    "the directory of environments `{}` cannot be read",
                    directory.display()
                )
            })
            .map_err(|error| {
                Failure::new(Exit::Failed, error)
                    .with_hint("run above the directory `environments`, or name it with `--environments`")
            })?;
        names = all.iter().map(ToString::to_string).collect();
    }
    if names.is_empty() {
        let error = anyhow!("there is no environment in `{}`", directory.display());
        return Err(Failure::new(Exit::Failed, error));
    }
    let mut exit = Exit::Done;
    for name in &names {
        match Environment::load(directory, name) {
            Ok(environment) => say_valid(&environment, &context.report),
            Err(error) => {
                if exit == Exit::Failed {
                    // The faults of two files do not run into each other.
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
