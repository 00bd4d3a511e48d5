//! `infra destroy`: deletes an environment and keeps its data, unless its loss is agreed to in so many words.

use std::sync::Arc;

use anyhow::anyhow;

use super::execution::{self, Aim};
use super::prompt::{Question, confirm};
use super::session::{Session, confirmed};
use super::{Context, Exit, Failure};
use crate::cli::DestroyArgs;
use crate::plan::{Consent, Consents};

pub(super) async fn run(args: &DestroyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, context).await?;
    let report = &context.report;
    report.aside(&session.describe());
    let name = session.name();
    if session.environment.cluster.protected {
        return Err(Failure::new(Exit::Refused, anyhow!("`{name}` is protected"))
            .with_hint("set `protected = false` in its `[cluster]` table to destroy it"));
    }
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
    let (stack, plan) = execution::plan(&session, known.record(), Aim::Destroy, consents).await?;
    report.plan(&plan, &session.place());
    report.result(&execution::last_line(&plan, Aim::Destroy));
    if plan.is_empty() {
        execution::settle(&session, known, &stack, &plan).await?;
        report.ending(Exit::Done.word(), Exit::Done.code(), None, None);
        return Ok(Exit::Done);
    }
    let question = format!("Destroy {name}?");
    confirm(Question::Type(&question, name), args.yes, report).await?;
    execution::carry_out(
        &session,
        known,
        &plan,
        Aim::Destroy,
        consents,
        &args.wait,
        context,
    )
    .await
}
