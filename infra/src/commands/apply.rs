//! `infra apply`: plans, asks, writes, waits until everything is ready, and prints the URL.

use std::sync::Arc;

use super::deploy::{Conditions, deploy};
use super::prompt::Question;
use super::session::{Needs, Session};
use super::{Context, Exit, Failure, image, planning};
use crate::cli::ApplyArgs;

pub(super) async fn run(args: &ApplyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, Needs::Image, context).await?;
    context.report.aside(&session.describe());
    if args.build {
        image::build_where_possible(session.environment()?, &context.report).await?;
    }
    let target = planning::apply_target(&session, &args.consent)?;
    let conditions = Conditions {
        question: Question::YesOrNo(format!("Apply this plan to {}?", session.name())),
        yes: args.yes,
        wait: &args.wait,
    };
    deploy(&session, &target, &conditions, context).await
}
