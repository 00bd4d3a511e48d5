//! `sandbox demo`: the whole project in one minute; each step in a line, with what it printed below it.

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

/// The environment file that fits the sandbox.
const ENVIRONMENT: &str = "sandbox";
/// Where `just` and that environment file expect the sandbox.
const USUAL_DIRECTORY: &str = ".sandbox";

pub(crate) fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::listen();
    let directory = Directory::new(path)?;
    // Looked for before minutes are spent on anything else.
    let (infra, service) = (executable::sibling("infra")?, executable::sibling("service")?);
    let state = start(&directory, &interrupt)?;

    let kubeconfig = (path != Path::new(USUAL_DIRECTORY)).then(|| directory.kubeconfig());
    let steps: [(&[&str], &str); 3] = [
        (&["plan", ENVIRONMENT], "what would change, and why"),
        (
            &["apply", ENVIRONMENT, "--yes"],
            "does what the plan said, and waits until it is ready",
        ),
        (&["plan", ENVIRONMENT], "nothing is left to do"),
    ];
    for (arguments, about) in steps {
        report::step(format_args!("infra {}", arguments.join(" ")), about);
        run_infra(&infra, arguments, kubeconfig.as_deref(), &interrupt)?;
    }

    report::step("service", "the data API on the real MongoDB");
    let uri = Credentials::load(&directory)?.application_uri(state.ports);
    let service = Service::start(&service, &uri, &directory)?;
    report::detail(format_args!("listens on http://{}", service.address()));
    let conversation = converse(service.address(), &interrupt);
    let stopped_after = service.stop()?;
    conversation?;
    report::detail(format_args!(
        "stopped in good order after {:.1} s",
        stopped_after.as_secs_f32()
    ));

    report::step("What to try next", "the sandbox is still running");
    for (command, about) in [
        (
            format!("just plan {ENVIRONMENT}"),
            "after a change of `environments/sandbox.toml`",
        ),
        (
            format!(
                "kubectl --kubeconfig {} get all -A",
                path.join("kubeconfig").display()
            ),
            "the cluster, as kubectl sees it",
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
        "a real control plane and a real MongoDB, as plain processes",
    );
    let (state, how) = match up::start(directory, interrupt)? {
        Started::Now(state) => (state, "ready"),
        Started::Before(state) => (state, "running already"),
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

/// Runs `infra` with its own output on this terminal.
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

/// The four requests that every client of the API knows.
fn converse(address: &str, interrupt: &Interrupt) -> anyhow::Result<()> {
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
                "`{method} {path}` answered {} instead of {expected}",
                answer.status
            );
        }
    }
    Ok(())
}
