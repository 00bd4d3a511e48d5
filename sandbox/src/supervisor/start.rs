//! Starts each component as soon as its dependencies answer.

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{READY_DEADLINE, Supervisor};
use crate::{
    SandboxError, arguments, certificates,
    cluster::{self, Cluster},
    component::{CONTROL_PLANE, Component},
    files, kubeconfig, mongodb,
    ports::Ports,
    protocol::Event,
    report, stages,
    state::{Failure, Phase, State},
    stores::Store,
};

/// Why a start did not complete.
pub(super) enum StartError {
    /// A signal arrived, or the launcher exited.
    Cancelled,
    Failed(Failure),
    Error(SandboxError),
}

impl From<SandboxError> for StartError {
    fn from(error: SandboxError) -> Self {
        Self::Error(error)
    }
}

/// The polling interval; a check takes about a millisecond.
const INTERVAL: Duration = Duration::from_millis(40);
/// Another process can take a port between choosing and binding it, but more failures than this have another cause.
const ATTEMPTS: usize = 4;

impl Supervisor {
    /// Starts everything, and retries with other ports if another process took one.
    pub(super) async fn start(&self) -> Result<(), StartError> {
        let directory = &self.configuration.directory;
        certificates::ensure(directory)?;
        stages::write(directory)?;
        let mut previous = files::read_json::<State>(&directory.state())
            .ok()
            .flatten()
            .map(|state| state.ports);
        let mut attempt = 1;
        loop {
            self.ports.set(
                Ports::choose(previous.take())
                    .map_err(SandboxError::file("find free ports for", directory.root()))?,
            );
            for component in [Component::MongoDb].into_iter().chain(CONTROL_PLANE) {
                files::rotate_log(&directory.log(component))?;
            }
            match self.start_once().await {
                Err(StartError::Failed(failure)) if attempt < ATTEMPTS && self.port_was_taken() => {
                    report::log(&format!("{}; trying other ports", failure.what));
                    self.stop().await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Whether a component logged that its port was in use.
    fn port_was_taken(&self) -> bool {
        [Component::MongoDb]
            .into_iter()
            .chain(CONTROL_PLANE)
            .any(|component| {
                let lines = files::last_lines(&self.configuration.directory.log(component), 40);
                lines
                    .iter()
                    .any(|line| line.to_lowercase().contains("address already in use"))
            })
    }

    async fn start_once(&self) -> Result<(), StartError> {
        self.save(Phase::Starting, None)?;
        let control_plane = async {
            if self.configuration.control_plane.is_some() {
                self.start_control_plane().await
            } else {
                Ok(())
            }
        };
        let mongodb = async {
            if self.configuration.mongod.is_some() {
                self.start_mongodb().await
            } else {
                Ok(())
            }
        };
        let ((), (), ()) = tokio::try_join!(control_plane, mongodb, self.find_versions())?;
        Ok(())
    }

    /// Starts MongoDB and ensures that its users exist.
    pub(super) async fn start_mongodb(&self) -> Result<(), StartError> {
        let directory = &self.configuration.directory;
        Store::MongoDb.prepare(directory)?;
        self.spawn(Component::MongoDb)?;
        let ports = self.ports.get();
        let uri = self.credentials.application_uri(ports);
        files::write_private(&directory.mongodb_uri(), uri.as_bytes())?;
        self.wait(Component::MongoDb, "MongoDB", || {
            mongodb::ensure_users(ports, &self.credentials)
        })
        .await?;
        Store::MongoDb.mark_initialized(directory)?;
        Ok(())
    }

    async fn start_control_plane(&self) -> Result<(), StartError> {
        let directory = &self.configuration.directory;
        let (start, ports) = (Timestamp::now(), self.ports.get());
        kubeconfig::write_all(directory, ports)?;
        Store::Etcd.prepare(directory)?;
        // The API server waits for etcd by itself.
        self.spawn(Component::Etcd)?;
        self.spawn(Component::KubeApiserver)?;
        let kubeconfig = directory.kubeconfig();
        let cluster = Cluster::connect(&kubeconfig)
            .await
            .map_err(|cause| cluster::connection_error(&kubeconfig, &cause))?;
        self.wait(Component::KubeApiserver, "the API server", || {
            cluster.check_api_server()
        })
        .await?;
        Store::Etcd.mark_initialized(directory)?;
        self.wait(Component::KubeApiserver, "the node leases", || {
            cluster.delete_leases()
        })
        .await?;
        for component in [
            Component::KubeControllerManager,
            Component::KubeScheduler,
            Component::Kwok,
        ] {
            self.spawn(component)?;
        }
        self.wait(Component::KubeApiserver, "the storage class", || {
            cluster.ensure_objects()
        })
        .await?;
        let authority = certificates::Certificate::ApiServer.authority(directory);
        tokio::try_join!(
            self.wait(Component::KubeControllerManager, "the controllers", || {
                cluster::check_health(ports.controller_manager, &authority)
            }),
            self.wait(Component::KubeScheduler, "the scheduler", || {
                cluster::check_health(ports.scheduler, &authority)
            }),
            self.wait(Component::Kwok, "the nodes", || cluster.check_nodes(start)),
        )?;
        Ok(())
    }

    fn spawn(&self, component: Component) -> Result<(), SandboxError> {
        let directory = &self.configuration.directory;
        report::event(&Event::Progress(format!("starting {component}")));
        let arguments = arguments::of(
            component,
            directory,
            self.ports.get(),
            self.configuration.durability,
        );
        let Some(program) = self.program(component) else {
            return Ok(());
        };
        self.children
            .borrow_mut()
            .spawn(component, &program, &arguments, &directory.log(component))
    }

    /// Polls a condition until it holds. Fails early if any component exits.
    async fn wait<T, E, F>(
        &self,
        component: Component,
        what: &str,
        mut check: impl FnMut() -> F,
    ) -> Result<T, StartError>
    where
        E: std::fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        report::event(&Event::Progress(format!("waiting for {what}")));
        let begun = Instant::now();
        loop {
            if let Some(failure) = self.unexpected_exit() {
                return Err(StartError::Failed(failure));
            }
            let cause = match check().await {
                Ok(value) => return Ok(value),
                Err(cause) => cause,
            };
            if begun.elapsed() > READY_DEADLINE {
                let log = self.configuration.directory.log(component);
                return Err(StartError::Failed(Failure {
                    what: format!(
                        "{what} did not become ready within {} s: {cause}",
                        READY_DEADLINE.as_secs()
                    ),
                    last_lines: files::last_lines(&log, 5),
                    log: Some(log),
                    advice: None,
                }));
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn program(&self, component: Component) -> Option<PathBuf> {
        match component {
            Component::MongoDb => self.configuration.mongod.clone(),
            other => self
                .configuration
                .control_plane
                .as_ref()
                .map(|directory| directory.join(other.name())),
        }
    }

    /// Reads the version of every executable, while the components start.
    async fn find_versions(&self) -> Result<(), StartError> {
        for component in [Component::MongoDb].into_iter().chain(CONTROL_PLANE) {
            let Some(program) = self.program(component) else {
                continue;
            };
            let output = tokio::process::Command::new(&program)
                .arg("--version")
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .output();
            let output = output.await.map_err(SandboxError::file("start", &program))?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            self.versions
                .borrow_mut()
                .push((component, version_in(&text).unwrap_or("unknown").to_owned()));
        }
        Ok(())
    }
}

/// Finds the first word that looks like a version: `Kubernetes v1.36.3`, `etcd Version: 3.6.8`, `db version v6.0.5`.
fn version_in(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.contains('.') && word.starts_with(|character: char| character.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn every_component_names_its_version_differently() {
        let outputs = [
            ("Kubernetes v1.36.3\n", "1.36.3"),
            ("etcd Version: 3.6.8\nGit SHA: Not provided\n", "3.6.8"),
            ("kwok version v0.8.0 go1.26.8 (linux/amd64)\n", "0.8.0"),
            ("db version v6.0.5\nBuild Info: {}\n", "6.0.5"),
        ];
        for (output, version) in outputs {
            assert_eq!(version_in(output), Some(version), "{output}");
        }
    }
}
