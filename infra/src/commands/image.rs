//! `infra image`: prints the image of the data API, and builds it into minikube if it is missing.

mod minikube;

use std::sync::Arc;

use clap::Args;

use super::locate::{EnvironmentFile, locate};
use super::{Context, Exit, Failure};
use crate::cli::EnvironmentArg;
use crate::environment::Environment;
use crate::report::Report;
use minikube::{BuildError, Minikube};

/// Print the image of the data API, or build it into minikube
///
/// An image with `build = true` is tagged by the content of the files that it is built from.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra image minikube
  infra image minikube --build")]
pub struct ImageArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Build it into minikube if it is missing there
    ///
    /// Builds into the profile that is named like the environment's context.
    #[arg(long)]
    build: bool,
}

pub(super) async fn run(args: &ImageArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let EnvironmentFile { directory, name } = locate(&args.environment.name_or_path, &context.global)?;
    let environment = Environment::load(&directory, &name)?;
    if args.build {
        build(&environment, &context.report).await?;
        // The files may have changed during the build.
        if Environment::load(&directory, &name)?.service.image != environment.service.image {
            return Err(BuildError::Moved.into());
        }
    }
    context.report.result(environment.service.image.as_str());
    Ok(Exit::Done)
}

/// Builds a missing image before an apply. Without minikube the apply continues: the image may come from a registry.
pub(super) async fn build_where_possible(environment: &Environment, report: &Report) -> Result<(), Failure> {
    match build(environment, report).await {
        Err(error @ (BuildError::NoMinikube { .. } | BuildError::NoProfile { .. })) => {
            report.warning(&format!("skipped the image build: {error}"));
            Ok(())
        }
        outcome => Ok(outcome?),
    }
}

async fn build(environment: &Environment, report: &Report) -> Result<(), BuildError> {
    let image = environment.service.image.as_str();
    let Some(directory) = &environment.service.build else {
        return Ok(());
    };
    let minikube = Minikube {
        profile: &environment.cluster.context,
    };
    if minikube.has(image, directory).await? {
        report.aside(&format!("{image} is already in minikube"));
        return Ok(());
    }
    report.aside(&format!(
        "Building {image} into minikube; the first build takes a few minutes"
    ));
    minikube.build(image, directory).await
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let hint = error.hint();
        Self::new(Exit::Failed, error).with_hint(hint)
    }
}
