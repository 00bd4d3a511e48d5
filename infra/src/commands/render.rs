//! `infra render`: the manifests as YAML that `kubectl apply -f -` takes. Needs no cluster and no kubeconfig.

use super::{Context, Exit, Failure};
use crate::cli::RenderArgs;
use crate::environment::{Environment, Password};
use crate::record::{Credentials, Record, RecordError};
use crate::resources;

pub(super) fn run(args: &RenderArgs, context: &Context) -> Result<Exit, Failure> {
    let environment = Environment::load(&context.global.environments, &args.environment)?;
    let name = environment.name.as_str();
    let record = throw_away(name).map_err(|error| Failure::new(Exit::Failed, error))?;
    let stack = resources::declare(&environment, &record);
    context.report.manifests(name, &stack);
    Ok(Exit::Done)
}

/// A record that nobody keeps: what is generated for it is not printed.
fn throw_away(environment: &str) -> Result<Record, RecordError> {
    let mut record = Record::new(environment, "", Credentials::generate()?)?;
    // Whether there is a pull Secret is shown without its password.
    record.pull_password = Some(Password::from(String::new()));
    Ok(record)
}
