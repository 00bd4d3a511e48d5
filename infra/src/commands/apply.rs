//! `infra apply`: plans, asks, writes, waits until everything is ready, and says where it answers.

use std::sync::Arc;

use super::carry_out::Undertaking;
use super::execution::Aim;
use super::image;
use super::prompt::{Question, confirm};
use super::session::{Needs, Session, consents};
use super::{Context, Exit, Failure};
use crate::cli::ApplyArgs;
use crate::observe::known_record::KnownRecord;
use crate::report::Report;

pub(super) async fn run(args: &ApplyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, Needs::Image, context).await?;
    let report = &context.report;
    report.aside(&session.describe());
    if args.build {
        image::build_where_possible(session.environment()?, report).await?;
    }
    let consents = consents(&args.consent, session.environment()?)?;
    let known = session.known_record().await?;
    let undertaking = Undertaking {
        session: &session,
        aim: Aim::Apply,
        consents,
        wait: &args.wait,
        context,
    };
    let question = format!("Apply this plan to {}?", session.name());
    let ask = async |known: &KnownRecord| {
        say_which_cluster(&session, known, report);
        confirm(Question::YesOrNo(&question), args.yes, report).await
    };
    undertaking.run(known, ask).await
}

/// Before the first apply, shows the line that pins the environment to this cluster.
fn say_which_cluster(session: &Session, known: &KnownRecord, report: &Report) {
    if let KnownRecord::New(_) = known
        && session.location.cluster.id.is_none()
    {
        report.hint(&format!(
            "to bind {} to this cluster, put into its `[cluster]` table: id = \"{}\"",
            session.name(),
            session.cluster_id
        ));
    }
}
