//! `infra destroy`: deletes an environment and keeps its data, unless its loss is agreed to in so many words.

use std::sync::Arc;

use anyhow::anyhow;

use super::carry_out::Undertaking;
use super::execution::{self, Aim};
use super::prompt::{Question, confirm};
use super::session::{Needs, Session, confirmed};
use super::{Context, Exit, Failure};
use crate::cli::DestroyArgs;
use crate::observe::known_record::KnownRecord;
use crate::plan::{Consent, Consents};

pub(super) async fn run(args: &DestroyArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment, Needs::Location, context).await?;
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
    let undertaking = Undertaking {
        session: &session,
        aim: Aim::Destroy,
        consents,
        wait: &args.wait,
        context,
    };
    let question = format!("Destroy {name}?");
    let ask = async |_: &KnownRecord| confirm(Question::Type(&question, name), args.yes, report).await;
    undertaking.run(known, ask).await
}
