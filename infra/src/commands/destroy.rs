//! `infra destroy`: deletes an environment. Its data stays, unless `--purge-data` and `--confirm` say otherwise.

use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;

use super::deploy::{Conditions, deploy};
use super::prompt::Question;
use super::session::{Needs, Session, confirmed};
use super::{Context, Exit, Failure, planning};
use crate::cli::{EnvironmentArg, OutputArgs, WaitArgs};
use engine_core::plan::{Consent, Consents};

/// Delete the environment and keep its data
///
/// Shows the plan and asks for the environment's name. Claims, volumes and the Secrets that open them are kept, and a later apply
/// finds them again. The file needs only valid `[cluster]` and `[record]` tables. A protected environment is never destroyed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra destroy minikube                                  keep the data
  infra destroy minikube --purge-data --confirm minikube  delete the data too
  infra plan minikube --destroy                           show what a destroy would delete")]
pub struct DestroyArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Skip confirmation
    ///
    /// Replaces typing the environment's name, but not --confirm.
    #[arg(short, long)]
    yes: bool,
    /// Also delete the data; needs --confirm
    #[arg(long)]
    purge_data: bool,
    /// Confirm by name that the data is deleted
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &DestroyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment.name_or_path, Needs::Location, context).await?;
    let report = &context.report;
    report.aside(&session.describe());
    let name = session.name();
    session.refuse_if_protected()?;
    let confirmed = confirmed(args.confirm.as_deref(), name)?;
    if args.purge_data && !confirmed {
        return Err(Failure::new(
            Exit::Refused,
            anyhow!("--purge-data deletes the data of `{name}` for good"),
        )
        .with_hint(format!("to delete the data, add --confirm {name}")));
    }
    let consents = Consents {
        purge: if args.purge_data {
            Consent::Given
        } else {
            Consent::Withheld
        },
        ..Consents::default()
    };
    let conditions = Conditions {
        question: Question::Type {
            text: format!("Destroy {name}?"),
            word: name.to_owned(),
        },
        yes: args.yes,
        wait: &args.wait,
    };
    let target = planning::destroy_target(&session, consents);
    deploy(&session, &target, &conditions, context).await
}
