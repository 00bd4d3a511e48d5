//! `infra destroy`: deletes an environment and keeps its data, unless its loss is agreed to in so many words.

use std::sync::Arc;

use anyhow::anyhow;

use super::deploy::{Conditions, deploy};
use super::prompt::Question;
use super::session::{Needs, Session, confirmed};
use super::{Context, Exit, Failure, planning};
use crate::cli::DestroyArgs;
use engine_core::plan::{Consent, Consents};

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
