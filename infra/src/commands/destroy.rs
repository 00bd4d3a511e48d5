//! `infra destroy`: deletes an environment and keeps its data, unless its loss is agreed to in so many words.

use std::sync::Arc;

use anyhow::anyhow;

use super::carry_out::Undertaking;
use super::execution::{self, Aim};
use super::prompt::{Question, confirm};
use super::session::{Session, confirmed};
use super::{Context, Exit, Failure};
use crate::cli::DestroyArgs;
use crate::observe::Depth;
use crate::plan::{Consent, Consents};

pub(super) async fn run(args: &DestroyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, context).await?;
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
        .with_hint(format!("add --confirm {name} if that is what you want")));
    }
    let consents = Consents {
        purge: if args.purge_data {
            Consent::Given
        } else {
            Consent::Withheld
        },
        ..Consents::default()
    };
    let known = execution::known_record(&session, Aim::Destroy).await?;
    let (stack, plan) =
        execution::plan(&session, known.record(), Aim::Destroy, consents, Depth::Fast).await?;
    report.plan(&plan, &session.place());
    report.result(&execution::last_line(&plan, Aim::Destroy));
    if let Some(exit) = execution::refusal(&plan) {
        let error = "the plan holds what cannot be done, so nothing was written";
        report.error(error, None);
        report.ending(exit.word(), exit.code(), Some(error), None);
        return Ok(exit);
    }
    let undertaking = Undertaking {
        session: &session,
        aim: Aim::Destroy,
        consents,
        wait: &args.wait,
        context,
    };
    if plan.is_empty() {
        return undertaking.rest(&known, &stack, &plan).await;
    }
    let question = format!("Destroy {name}?");
    confirm(Question::Type(&question, name), args.yes, report).await?;
    undertaking.carry_out(known, &plan).await
}
