//! `infra plan`: shows what an apply would change, and why.

use std::sync::Arc;

use super::execution::{self, Aim};
use super::session::{Session, consents};
use super::{Exit, Failure};
use crate::cli::{Global, PlanArgs};
use crate::plan::Consents;
use crate::report::Report;

pub(super) async fn run(
    args: &PlanArgs,
    global: &Global,
    report: &Arc<Report>,
) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, global, report).await?;
    report.aside(&session.describe());
    let (aim, consents) = if args.destroy {
        (Aim::Destroy, Consents::default())
    } else {
        (Aim::Apply, consents(&args.consent, session.name())?)
    };
    let known = execution::known_record(&session, aim).await?;
    let (_, plan) = execution::plan(&session, known.record(), aim, consents).await?;
    report.plan(&plan);
    report.result(&execution::last_line(&plan, aim));
    if let Some(exit) = execution::refusal(&plan) {
        return Ok(exit);
    }
    if args.detailed_exitcode && !plan.is_empty() {
        return Ok(Exit::Pending);
    }
    Ok(Exit::Done)
}
