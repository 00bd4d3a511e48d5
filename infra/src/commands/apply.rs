//! `infra apply`: plans, asks, writes, waits until everything is ready, and says where it answers.

use std::sync::Arc;

use super::carry_out::Undertaking;
use super::execution::{self, Aim};
use super::image;
use super::prompt::{Question, confirm};
use super::session::{Session, consents};
use super::{Context, Exit, Failure};
use crate::cli::ApplyArgs;
use crate::observe::Depth;
use crate::observe::known_record::KnownRecord;
use crate::report::Report;

pub(super) async fn run(args: &ApplyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, context).await?;
    let report = &context.report;
    report.aside(&session.describe());
    if args.build {
        image::build_where_possible(&session.environment, report).await?;
    }
    let consents = consents(&args.consent, session.name())?;
    let known = session.known_record().await?;
    let (stack, plan) = execution::plan(&session, known.record(), Aim::Apply, consents, Depth::Fast).await?;
    report.plan(&plan, &session.place());
    report.result(&execution::last_line(&plan, Aim::Apply));
    if let Some(exit) = execution::refusal(&plan) {
        let error = "the plan holds what cannot be done, so nothing was written";
        report.error(error, None);
        report.ending(exit.word(), exit.code(), Some(error), None);
        return Ok(exit);
    }
    let undertaking = Undertaking {
        session: &session,
        aim: Aim::Apply,
        consents,
        wait: &args.wait,
        context,
    };
    if plan.is_empty() {
        return undertaking.rest(&known, &stack, &plan).await;
    }
    say_which_cluster(&session, &known, report);
    let question = format!("Apply this plan to {}?", session.name());
    confirm(Question::YesOrNo(&question), args.yes, report).await?;
    undertaking.carry_out(known, &plan).await
}

/// Before the first apply, shows the line that pins the environment to this cluster.
fn say_which_cluster(session: &Session, known: &KnownRecord, report: &Report) {
    if let KnownRecord::New(_) = known
        && session.environment.cluster.id.is_none()
    {
        report.hint(&format!(
            "to bind {} to this cluster, put into its `[cluster]` table: id = \"{}\"",
            session.name(),
            session.cluster_id
        ));
    }
}
