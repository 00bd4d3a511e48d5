//! What every command begins with: the environment, its cluster, and whether that is the right one.

use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use serde_json::Value;

use super::{Context, Exit, Failure};
use crate::apply::lock::LockError;
use crate::cli::ConsentArgs;
use crate::cluster::{Cluster, ClusterError, ConnectError, Target};
use crate::environment::{Environment, EnvironmentError, Location, load_location};
use crate::observe::known_record::{self, KnownRecord, KnownRecordError};
use crate::plan::{Consent, Consents};
use crate::record::Record;
use crate::report::Report;
use crate::report::json::Place;

/// An environment and its cluster.
pub(super) struct Session {
    pub(super) location: Location,
    pub(super) cluster: Cluster,
    pub(super) cluster_id: String,
    /// The Secret with the record, as it was at the beginning.
    secret: Result<Option<Value>, ClusterError>,
    /// The whole environment; `None` where its file has faults and the command gets along with them.
    environment: Option<Environment>,
    context: Arc<Context>,
}

/// How much of the environment's file a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// All, and the files that its image is built from.
    Image,
    /// All of it.
    File,
    /// Where it is; faults of what it consists of are warnings.
    Location,
}

impl Session {
    pub(super) async fn open(name: &str, needs: Needs, context: &Arc<Context>) -> Result<Self, Failure> {
        let global = &context.global;
        let (location, environment) = load(&global.environments, name, needs, &context.report)?;
        let target = Target {
            context: location.cluster.context.clone(),
            kubeconfig: global
                .kubeconfig
                .clone()
                .or_else(|| location.cluster.kubeconfig.clone()),
        };
        let notices = Arc::clone(context);
        let notice = Arc::new(move |text: &str| notices.report.warning(text));
        let connect = async {
            let cluster = Cluster::connect(&target, notice).await?;
            // Both at once: over a long wire each question costs as much as a plan.
            let record = Record::id(location.name.as_str(), location.record.namespace.as_str());
            let (cluster_id, secret) = tokio::join!(cluster.identity(), cluster.read(&record));
            Ok::<_, Failure>((cluster, cluster_id?, secret))
        };
        let work = format!("connecting to the cluster of {name}");
        let (cluster, cluster_id, secret) = context.report.during(&work, connect).await?;
        if let Some(wanted) = &location.cluster.id
            && wanted.clone() != cluster_id
        {
            let context = &location.cluster.context;
            return Err(Failure::new(
                Exit::Refused,
                anyhow!(
                    "context `{context}` leads to cluster {cluster_id}, and `{name}` belongs to {wanted}"
                ),
            )
            .with_hint("choose the right context, or correct `id` in the `[cluster]` table"));
        }
        Ok(Self {
            location,
            cluster,
            cluster_id,
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
    /// When its file has faults, which were said as warnings.
    pub(super) fn environment(&self) -> Result<&Environment, Failure> {
        self.environment.as_ref().ok_or_else(|| {
            let name = self.name();
            Failure::new(
                Exit::Failed,
                anyhow!("there is no record of `{name}`, and its file has faults: nothing tells what belongs to it"),
            )
            .with_hint(format!(
                "without a record a good file is needed: mend what stands above (`infra validate {name}`), or correct \
                 `namespace` in `[record]` if its record is elsewhere"
            ))
        })
    }

    pub(super) fn record_namespace(&self) -> &str {
        self.location.record.namespace.as_str()
    }

    /// The record as it was at the beginning; `None` when there was none.
    pub(super) fn stored_record(&self) -> Result<Option<KnownRecord>, Failure> {
        let Some(secret) = self.secret.clone()? else {
            return Ok(None);
        };
        Ok(Some(known_record::recognise(
            self.name(),
            &self.cluster_id,
            &secret,
        )?))
    }

    pub(super) async fn known_record(&self) -> Result<KnownRecord, Failure> {
        let stored = self.stored_record()?;
        let environment = self.environment()?;
        Ok(known_record::or_make(environment, stored, &self.cluster_id, &self.cluster).await?)
    }

    /// Refuses what must not be done to a protected environment.
    pub(super) fn refuse_if_protected(&self) -> Result<(), Failure> {
        if !self.location.cluster.protected {
            return Ok(());
        }
        Err(
            Failure::new(Exit::Refused, anyhow!("`{}` is protected", self.name()))
                .with_hint("set `protected = false` in its `[cluster]` table to destroy it"),
        )
    }

    /// Where the environment is, for programs.
    pub(super) fn place(&self) -> Place {
        Place {
            context: self.location.cluster.context.clone(),
            server: self.cluster.server().to_owned(),
            id: self.cluster_id.clone(),
        }
    }

    /// One line that says which cluster is meant.
    pub(super) fn describe(&self) -> String {
        format!(
            "{} in {} (context {})",
            self.name(),
            self.cluster.server(),
            self.location.cluster.context
        )
    }
}

/// Loads as much of an environment as is needed, and says what of the rest is not as it should be.
fn load(
    directory: &Path,
    name: &str,
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

/// Reads what was agreed to on the command line.
pub(super) fn consents(args: &ConsentArgs, environment: &Environment) -> Result<Consents, Failure> {
    let name = environment.name.as_str();
    if args.replace && environment.cluster.protected {
        return Err(Failure::new(
            Exit::Refused,
            anyhow!("`{name}` is protected, so nothing of it is replaced"),
        )
        .with_hint("plan without --replace, or set `protected = false` in its `[cluster]` table"));
    }
    let given = |given: bool| if given { Consent::Given } else { Consent::Withheld };
    Ok(Consents {
        conflicts: given(args.force_conflicts),
        empty_database: given(confirmed(args.confirm.as_deref(), name)?),
        purge: Consent::Withheld,
        replace: given(args.replace),
        adopt: given(args.adopt),
    })
}

/// Whether the environment's name was given as consent. Another name is a mistake, never a consent.
pub(super) fn confirmed(name: Option<&str>, environment: &str) -> Result<bool, Failure> {
    match name {
        None => Ok(false),
        Some(name) if name == environment => Ok(true),
        Some(name) => Err(Failure::new(
            Exit::Refused,
            anyhow!("--confirm names `{name}`, and the environment is `{environment}`"),
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

impl From<KnownRecordError> for Failure {
    fn from(error: KnownRecordError) -> Self {
        let (exit, hint) = match &error {
            KnownRecordError::Cluster(error) => (Exit::Failed, error.hint()),
            KnownRecordError::Record(_) => (Exit::Failed, None),
            KnownRecordError::OtherCluster { .. } => (
                Exit::Refused,
                Some(
                    "it was copied here, from a backup perhaps: delete that Secret if this cluster \
                     has nothing of the environment"
                        .to_owned(),
                ),
            ),
            KnownRecordError::OtherEnvironment { .. } => (
                Exit::Refused,
                Some(
                    "an environment cannot be renamed by a copy of its record: delete that Secret, and destroy \
                     the other environment under its own name"
                        .to_owned(),
                ),
            ),
            KnownRecordError::NoPullPassword { .. } => (
                Exit::Failed,
                Some(
                    "set the variable `INFRA_PULL_SECRET__PASSWORD`; an apply remembers it in the record"
                        .to_owned(),
                ),
            ),
            KnownRecordError::PasswordsLost { .. } => (
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
