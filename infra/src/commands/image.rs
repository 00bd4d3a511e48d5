//! `infra image`: prints the image of the data API, and builds it into minikube where it is missing.

mod minikube;

use std::sync::Arc;

use super::{Context, Exit, Failure};
use crate::cli::ImageArgs;
use crate::environment::Environment;
use crate::report::Report;
use minikube::{BuildError, Minikube};

pub(super) async fn run(args: &ImageArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let directory = &context.global.environments;
    let environment = Environment::load(directory, &args.environment)?;
    if args.build {
        build(&environment, &context.report).await?;
        // What was built is what was there during the build.
        if Environment::load(directory, &args.environment)?.service.image != environment.service.image {
            return Err(BuildError::Moved.into());
        }
    }
    context.report.result(environment.service.image.as_str());
    Ok(Exit::Done)
}

/// Builds a missing image before an apply. Without minikube, the image is whoever's task it was before.
pub(super) async fn build_where_possible(environment: &Environment, report: &Report) -> Result<(), Failure> {
    match build(environment, report).await {
        Err(error @ (BuildError::NoMinikube { .. } | BuildError::NoProfile { .. })) => {
            report.warning(&format!("the image is not built here: {error}"));
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
        report.aside(&format!("{image} is in minikube"));
        return Ok(());
    }
    report.aside(&format!(
        "Building {image} into minikube; the first time takes some minutes"
    ));
    minikube.build(image, directory).await
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let hint = error.hint();
        Self::new(Exit::Failed, error).with_hint(hint)
    }
}
