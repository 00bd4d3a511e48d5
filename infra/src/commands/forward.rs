//! `infra forward`: forwards a local port to the data API with `kubectl port-forward`.

use std::io::{self, ErrorKind};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use tokio::process::Command;

use super::locate::{EnvironmentFile, locate};
use super::{Context, Exit, Failure};
use crate::cli::EnvironmentArg;
use crate::environment::Environment;
use crate::resources::metadata::API;

/// Forward a local port to the data API
///
/// Runs `kubectl port-forward` on 127.0.0.1 until Ctrl-C. Useful where node ports are out of reach, as with minikube's docker
/// driver on macOS.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra forward minikube
  infra forward minikube --port 8080   then: curl http://127.0.0.1:8080/data")]
pub struct ForwardArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Local port on 127.0.0.1
    #[arg(long, default_value_t = 5000)]
    port: u16,
}

/// Port of the data API's Service.
const SERVICE_PORT: u16 = 5000;

pub(super) async fn run(args: &ForwardArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let global = &context.global;
    let EnvironmentFile { directory, name } = locate(&args.environment.name_or_path, global)?;
    let environment = Environment::load_untagged(&directory, &name)?;
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
        "Forwarding http://127.0.0.1:{}/ to Service/{namespace}/{}; Ctrl-C stops it",
        args.port, API.name
    ));
    let status = match command.status().await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(
                Failure::new(Exit::Failed, anyhow!("there is no `kubectl` on PATH"))
                    .with_hint("install kubectl, which forwards the port"),
            );
        }
        status => status
            .context("cannot start `kubectl`")
            .map_err(|error| Failure::new(Exit::Failed, error))?,
    };
    if status.success() {
        return Ok(Exit::Done);
    }
    Err(
        Failure::new(Exit::Failed, anyhow!("kubectl failed: {status}")).with_hint(format!(
            "see its output above; `infra status {name}` shows whether the Service exists"
        )),
    )
}
