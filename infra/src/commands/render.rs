//! `infra render`: the manifests as YAML that `kubectl apply -f -` takes. Needs no cluster and no kubeconfig.

use super::{Context, Exit, Failure};
use crate::cli::RenderArgs;
use crate::environment::Environment;
use crate::resources;

pub(super) fn run(args: &RenderArgs, context: &Context) -> Result<Exit, Failure> {
    let environment = Environment::load(&context.global.environments, &args.environment)?;
    let name = environment.name.as_str();
    let record = resources::placeholder_record(&environment, "");
    let stack = resources::declare(&environment, &record);
    context.report.manifests(name, &stack);
    Ok(Exit::Done)
}
