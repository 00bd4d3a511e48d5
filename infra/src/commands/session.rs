//! Opens an environment and its cluster, and checks that it is the right cluster.

use std::sync::Arc;

use anyhow::anyhow;
use serde_json::Value;

use super::locate::{EnvironmentFile, locate};
use super::{Context, Exit, Failure};
use crate::cli::ConsentArgs;
use crate::environment::{Environment, EnvironmentError, Location, load_location};
use crate::report::Report;
use crate::report::json::Place;
use crate::resources;
use engine::apply::lock::LockError;
use engine::cluster::{Cluster, ClusterError, ConnectError, Target};
use engine::deployment::{DeployError, Deployment};
use engine::record::{self, LoadError, LoadedRecord};
use engine_core::object::ObjectId;
use engine_core::plan::{Consent, Consents, EffectKind};
use engine_core::record::Record;

/// An environment and its cluster.
pub(super) struct Session {
    pub(super) location: Location,
    pub(super) deployment: Deployment,
    /// The record's Secret, as read when the session was opened.
    secret: Result<Option<Value>, ClusterError>,
    /// The whole environment; `None` if its file has faults that the command tolerates.
    environment: Option<Environment>,
    context: Arc<Context>,
}

/// How much of the environment's file a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// All of it, and the files that its image is built from.
    Image,
    /// All of it.
    File,
    /// `[cluster]` and `[record]`; faults elsewhere are warnings.
    Location,
}

impl Session {
    pub(super) async fn open(
        name_or_path: &str,
        needs: Needs,
        context: &Arc<Context>,
    ) -> Result<Self, Failure> {
        let global = &context.global;
        let file = locate(name_or_path, global)?;
        let (location, environment) = load(&file, needs, &context.report)?;
        let name = &file.name;
        let target = Target {
            context: location.cluster.context.clone(),
            kubeconfig: global
                .kubeconfig
                .clone()
                .or_else(|| location.cluster.kubeconfig.clone()),
        };
        let owner = resources::owner(location.name.as_str());
        let notices = Arc::clone(context);
        let notice = Arc::new(move |text: &str| notices.report.warning(text));
        let connect = async {
            let cluster = Cluster::connect(&target, notice).await?;
            // Both at once: over a slow connection each round trip costs as much as a plan.
            let record = Record::id(&owner, location.record.namespace.as_str());
            let (cluster_id, secret) = tokio::join!(cluster.identity(), cluster.read(&record));
            Ok::<_, Failure>((cluster, cluster_id, secret))
        };
        let work = format!("connecting to the cluster of {name}");
        let (cluster, cluster_id, secret) = context.report.during(&work, connect).await?;
        let cluster_id = identify(cluster_id, &location, &context.report)?;
        Ok(Self {
            deployment: Deployment {
                owner,
                record_namespace: location.record.namespace.to_string(),
                cluster: Arc::new(cluster),
                cluster_id,
                holder: holder(),
            },
            location,
            secret,
            environment,
            context: Arc::clone(context),
        })
    }

    pub(super) fn report(&self) -> &Report {
        &self.context.report
    }

    pub(super) fn name(&self) -> &str {
        self.location.name.as_str()
    }

    /// The whole environment.
    ///
    /// # Errors
    /// If its file has faults, which were printed as warnings.
    pub(super) fn environment(&self) -> Result<&Environment, Failure> {
        self.environment.as_ref().ok_or_else(|| {
            let name = self.name();
            Failure::new(
                Exit::Failed,
                anyhow!("there is no record of `{name}`, and its file has faults: its objects cannot be determined"),
            )
            .with_hint(format!(
                "fix the faults above (`infra validate {name}`), or correct `namespace` in `[record]` if the record is in \
                 another namespace"
            ))
        })
    }

    /// The record, as read when the session was opened; `None` if there is none.
    pub(super) fn stored_record(&self) -> Result<Option<LoadedRecord>, Failure> {
        let secret = self.secret.clone()?;
        let loaded = secret
            .map(|secret| record::from_secret(&self.deployment.owner, &self.deployment.cluster_id, &secret));
        Ok(loaded.transpose()?)
    }

    /// Refuses the destroy of a protected environment.
    pub(super) fn refuse_if_protected(&self) -> Result<(), Failure> {
        if !self.location.cluster.protected {
            return Ok(());
        }
        Err(
            Failure::new(Exit::Refused, anyhow!("`{}` is protected", self.name()))
                .with_hint("set `protected = false` in its `[cluster]` table to destroy it"),
        )
    }

    /// The environment's cluster, for JSON output.
    pub(super) fn place(&self) -> Place {
        Place {
            context: self.location.cluster.context.clone(),
            server: self.deployment.cluster.server().to_owned(),
            id: self.deployment.cluster_id.clone(),
        }
    }

    /// Explains why a deployment wrote nothing. If the cluster has moved, shows the new plan.
    pub(super) fn failure(&self, error: DeployError) -> Failure {
        match error {
            DeployError::Moved { plan, objects } => {
                if let Some(plan) = plan {
                    self.report().plan(&plan, &self.place());
                }
                moved(&objects)
            }
            DeployError::Load(error) => error.into(),
            DeployError::Lock(error) => error.into(),
            DeployError::Cluster(error) => error.into(),
            error @ DeployError::Refused => Failure::new(Exit::Refused, error),
            error @ DeployError::Undeclared { .. } => Failure::new(Exit::Failed, error),
        }
    }

    /// One line that names the environment's cluster.
    pub(super) fn describe(&self) -> String {
        format!(
            "{} in {} (context {})",
            self.name(),
            self.deployment.cluster.server(),
            self.location.cluster.context
        )
    }
}

/// Checks that the context leads to the environment's cluster and returns the cluster's identity.
///
/// If the user may not read the identity, the `id` in the environment's file is used unverified.
fn identify(
    live: Result<String, ClusterError>,
    location: &Location,
    report: &Report,
) -> Result<String, Failure> {
    let context = &location.cluster.context;
    let wanted = location.cluster.id.clone();
    match (live, wanted) {
        (Ok(live), Some(wanted)) if live != wanted => {
            let name = &location.name;
            let error =
                anyhow!("context `{context}` leads to cluster {live}, but `{name}` belongs to {wanted}");
            Err(Failure::new(Exit::Refused, error)
                .with_hint("set the right `context` or `id` in the `[cluster]` table"))
        }
        (Ok(live), _) => Ok(live),
        (Err(error), Some(wanted)) if error.is_forbidden() => {
            report.warning(&format!(
                "cluster {wanted} could not be verified: this user lacks `get` on namespace `kube-system`"
            ));
            Ok(wanted)
        }
        (Err(error), None) if error.is_forbidden() => {
            let error = anyhow!(
                "cannot identify the cluster of context `{context}`: this user lacks `get` on namespace `kube-system`"
            );
            Err(Failure::new(Exit::Refused, error).with_hint(
                "grant that permission, or set `id` in the `[cluster]` table to the UID that an administrator reads with \
                 `kubectl get namespace kube-system -o jsonpath={.metadata.uid}`",
            ))
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// The maximum number of moved objects to name.
const NAMED: usize = 5;

fn moved(objects: &[ObjectId]) -> Failure {
    let names: Vec<String> = objects.iter().take(NAMED).map(ToString::to_string).collect();
    let names = match (names.is_empty(), objects.len().saturating_sub(NAMED)) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", names.join(", ")),
        (false, more) => format!(": {} and {more} more", names.join(", ")),
    };
    Failure::new(
        Exit::Moved,
        anyhow!("the cluster has moved since the plan was shown{names}"),
    )
    .with_hint("plan again; no object was changed")
}

/// Describes this run as the holder of a lock: user, machine and process.
fn holder() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    let system = rustix::system::uname();
    let machine = system.nodename().to_string_lossy();
    format!("{user}@{machine} (process {})", std::process::id())
}

/// Loads as much of an environment as the command needs, and warns about faults in the rest.
fn load(
    EnvironmentFile { directory, name }: &EnvironmentFile,
    needs: Needs,
    report: &Report,
) -> Result<(Location, Option<Environment>), Failure> {
    let environment = match needs {
        Needs::Image => Environment::load(directory, name)?,
        Needs::File => Environment::load_untagged(directory, name)?,
        Needs::Location => {
            let located = load_location(directory, name)?;
            if let Err(error) = &located.environment {
                let (plain, coloured) = error.render_warnings();
                report.laid_out(&plain, &coloured);
            }
            return Ok((located.location, located.environment.ok()));
        }
    };
    Ok((environment.location(), Some(environment)))
}

/// Combines the consents from the command line and the environment's file.
pub(super) fn consents(args: &ConsentArgs, environment: &Environment) -> Result<Consents, Failure> {
    let name = environment.name.as_str();
    let is_confirmed = confirmed(args.confirm.as_deref(), name)?;
    let mut allowed = environment.allowed;
    for kind in &args.allow {
        allowed = allowed.and(*kind);
    }
    if environment.cluster.protected {
        for (is_given, kind, refused) in [
            (
                args.replace,
                EffectKind::Replace,
                "none of its objects may be replaced",
            ),
            (
                is_confirmed,
                EffectKind::DataLoss,
                "its database must not start empty",
            ),
        ] {
            if is_given && !allowed.contains(kind) {
                return Err(
                    Failure::new(Exit::Refused, anyhow!("`{name}` is protected, so {refused}")).with_hint(
                        format!("pass --allow {kind}, or add `{kind}` to `allow` in its `[policy]` table"),
                    ),
                );
            }
        }
    } else if args.replace {
        allowed = allowed.and(EffectKind::Replace);
    }
    let given = |given: bool| if given { Consent::Given } else { Consent::Withheld };
    Ok(Consents {
        conflicts: given(args.force_conflicts),
        empty_database: given(is_confirmed),
        purge: Consent::Withheld,
        adopt: given(args.adopt),
        allowed,
    })
}

/// Whether the environment's name was given as confirmation. Another name is an error.
pub(super) fn confirmed(name: Option<&str>, environment: &str) -> Result<bool, Failure> {
    match name {
        None => Ok(false),
        Some(name) if name == environment => Ok(true),
        Some(name) => Err(Failure::new(
            Exit::Refused,
            anyhow!("--confirm names `{name}`, but the environment is `{environment}`"),
        )),
    }
}

impl From<EnvironmentError> for Failure {
    fn from(error: EnvironmentError) -> Self {
        Self::new(Exit::Failed, error)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let hint = error.hint();
        Self::new(Exit::Failed, error).with_hint(hint)
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        let hint = error.hint();
        Self {
            hint,
            ..Self::new(Exit::Failed, error)
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let hint = error.hint();
        let exit = match &error {
            LockError::Held { .. } | LockError::Lost { .. } => Exit::Locked,
            LockError::Cluster(_) => Exit::Failed,
        };
        Self {
            hint,
            ..Self::new(exit, error)
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let (exit, hint) = match &error {
            LoadError::Cluster(error) => (Exit::Failed, error.hint()),
            LoadError::Record(_) | LoadError::NoRandomness(_) => (Exit::Failed, None),
            LoadError::OtherCluster { .. } => (
                Exit::Refused,
                Some(
                    "the record was copied here, perhaps from a backup: delete that Secret if this cluster \
                     has no objects of the environment"
                        .to_owned(),
                ),
            ),
            LoadError::OtherEnvironment { .. } => (
                Exit::Refused,
                Some(
                    "copying a record does not rename its environment: delete that Secret, and destroy the other \
                     environment under its original name"
                        .to_owned(),
                ),
            ),
            LoadError::OtherStack { .. } => (
                Exit::Refused,
                Some("choose another `namespace` in `[record]`, or another name for the environment".to_owned()),
            ),
            LoadError::SecretNotGiven { hint, .. } => (Exit::Failed, Some(hint.clone())),
            LoadError::SecretsLost { .. } => (
                Exit::Refused,
                Some(
                    "restore the record or the Secret from a backup; or, if the data is not needed, \
                     delete the claim and apply again"
                        .to_owned(),
                ),
            ),
        };
        Self {
            hint,
            ..Self::new(exit, error)
        }
    }
}
