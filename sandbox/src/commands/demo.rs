//! `sandbox demo`: the whole project in one minute, step by step.

mod request;
mod service;

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, bail};

use self::service::Service;
use super::up::{self, Started};
use crate::{
    SandboxError, component::Component, credentials::Credentials, directory::Directory, executable,
    interrupt::Interrupt, report, state::State,
};

/// The environment for the sandbox.
const ENVIRONMENT: &str = "sandbox";
/// The directory in that environment's file and in the recipes of `just`.
const DEFAULT_DIRECTORY: &str = ".sandbox";

pub(crate) fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::listen();
    let directory = Directory::new(path)?;
    // Fails before anything slow starts.
    let (infra, service) = (executable::sibling("infra")?, executable::sibling("service")?);
    let state = start(&directory, &interrupt)?;

    let kubeconfig = (path != Path::new(DEFAULT_DIRECTORY)).then(|| directory.kubeconfig());
    let steps: [(&[&str], &str); 3] = [
        (&["plan", ENVIRONMENT], "previews the changes"),
        (
            &["apply", ENVIRONMENT, "--yes"],
            "applies the plan and waits until everything is ready",
        ),
        (&["plan", ENVIRONMENT], "confirms that nothing is left to do"),
    ];
    for (arguments, about) in steps {
        report::step(format_args!("infra {}", arguments.join(" ")), about);
        run_infra(&infra, arguments, kubeconfig.as_deref(), &interrupt)?;
    }

    report::step("service", "runs the data API on the real MongoDB");
    let uri = Credentials::load(&directory)?.application_uri(state.ports);
    let service = Service::start(&service, &uri, &directory)?;
    report::detail(format_args!("listens on http://{}", service.address()));
    let outcome = send_requests(service.address(), &interrupt);
    let stopped_after = service.stop()?;
    outcome?;
    report::detail(format_args!(
        "stopped gracefully after {:.1} s",
        stopped_after.as_secs_f32()
    ));

    report::step("Next steps", "the sandbox is still running");
    for (command, about) in [
        (
            format!("just plan {ENVIRONMENT}"),
            "after you edit `environments/sandbox.toml`",
        ),
        (
            format!(
                "kubectl --kubeconfig {} get all -A",
                path.join("kubeconfig").display()
            ),
            "the objects in the cluster",
        ),
        ("just serve".into(), "the data API on http://localhost:5000"),
        ("just sandbox down".into(), "stops everything"),
    ] {
        report::detail(format_args!("{command:<52} {about}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn start(directory: &Directory, interrupt: &Interrupt) -> anyhow::Result<State> {
    report::step(
        "sandbox up",
        "starts a real control plane and a real MongoDB as plain processes",
    );
    let (state, how) = match up::start(directory, interrupt)? {
        Started::New(state) => (state, "ready"),
        Started::AlreadyRunning(state) => (state, "already running"),
    };
    let version = |component| state.version(component).unwrap_or("?");
    report::detail(format_args!(
        "{how}: Kubernetes {}, etcd {}, MongoDB {}; nodes and containers are simulated by kwok {}",
        version(Component::KubeApiserver),
        version(Component::Etcd),
        version(Component::MongoDb),
        version(Component::Kwok),
    ));
    Ok(state)
}

/// Runs `infra`, with its output on this terminal.
fn run_infra(
    infra: &Path,
    arguments: &[&str],
    kubeconfig: Option<&Path>,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let mut command = Command::new(infra);
    command.args(arguments);
    if let Some(path) = kubeconfig {
        command.arg("--kubeconfig").arg(path);
    }
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", infra.display()))?;
    if interrupt.is_raised() {
        return Err(SandboxError::Interrupted.into());
    }
    if !status.success() {
        bail!("`infra {}` ended with {status}", arguments.join(" "));
    }
    Ok(())
}

/// Sends one request to each route of the API.
fn send_requests(address: &str, interrupt: &Interrupt) -> anyhow::Result<()> {
    let document = format!(
        r#"{{"from": "just demo", "at": "{:.0}"}}"#,
        jiff::Timestamp::now()
    );
    for (method, path, body, expected) in [
        ("GET", "/", None, 200),
        ("POST", "/data", Some(document.as_str()), 201),
        ("GET", "/data", None, 200),
        ("GET", "/health", None, 200),
    ] {
        if interrupt.is_raised() {
            return Err(SandboxError::Interrupted.into());
        }
        let answer = request::send(method, &format!("http://{address}{path}"), body)?;
        let sent = [Some(method), Some(path), body]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        report::detail(format_args!(
            "{sent} → {} {}",
            answer.status,
            request::shortened(&answer.body)
        ));
        if answer.status != expected {
            bail!(
                "`{method} {path}` returned {} instead of {expected}",
                answer.status
            );
        }
    }
    Ok(())
}
