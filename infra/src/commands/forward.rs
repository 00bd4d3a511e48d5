//! `infra forward`: the data API on localhost, by the port-forward of `kubectl`.

use std::io::{self, ErrorKind};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::process::Command;

use super::{Context, Exit, Failure};
use crate::cli::ForwardArgs;
use crate::environment::Environment;
use crate::resources::metadata::API;

/// Port of the data API's Service.
const SERVICE_PORT: u16 = 5000;

pub(super) async fn run(args: &ForwardArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let global = &context.global;
    let environment = Environment::load_untagged(&global.environments, &args.environment)?;
    let namespace = environment.namespaces.app.as_str();
    let mut command = Command::new("kubectl");
    command.args([
        "--context",
        &environment.cluster.context,
        "--namespace",
        namespace,
    ]);
    if let Some(kubeconfig) = global
        .kubeconfig
        .as_ref()
        .or(environment.cluster.kubeconfig.as_ref())
    {
        command.arg("--kubeconfig").arg(kubeconfig);
    }
    command
        .args(["port-forward", "--address", "127.0.0.1"])
        .arg(format!("service/{}", API.name))
        .arg(format!("{}:{SERVICE_PORT}", args.port))
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .kill_on_drop(true);
    context.report.aside(&format!(
        "kubectl leads http://127.0.0.1:{}/ to Service/{namespace}/{}; Ctrl-C ends it",
        args.port, API.name
    ));
    let status = match command.status().await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(
                Failure::new(Exit::Failed, anyhow!("there is no `kubectl` on PATH"))
                    .with_hint("install kubectl: the port is forwarded by it"),
            );
        }
        status => status
            .context("`kubectl` cannot be started")
            .map_err(|error| Failure::new(Exit::Failed, error))?,
    };
    if status.success() {
        return Ok(Exit::Done);
    }
    Err(Failure::new(Exit::Failed, anyhow!("kubectl has ended: {status}"))
        .with_hint("what it printed stands above; `just plan` tells whether the Service is there"))
}
