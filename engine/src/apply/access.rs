//! Checks permissions before the first write, because a run that fails halfway for lack of one leaves half an environment.

use std::collections::BTreeSet;
use std::fmt;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::cluster::{Cluster, ClusterError};
use engine_core::object::{Kind, ObjectId};
use engine_core::plan::{Action, Plan};

/// Number of concurrent reviews. The cluster module limits the requests in flight.
const AT_ONCE: usize = 32;

/// A permission: a verb on the objects of a kind in a namespace. Formats as ``delete deployments.apps in `shop` ``.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    verb: &'static str,
    kind: Kind,
    namespace: Option<String>,
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.kind.plural)?;
        if !self.kind.group.is_empty() {
            write!(formatter, ".{}", self.kind.group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(formatter, " in `{namespace}`"),
            None => Ok(()),
        }
    }
}

/// Asks the server about each permission that `plan` needs and returns those that this user lacks.
///
/// If the server refuses to answer, the permission counts as granted: the write itself will show.
///
/// # Errors
/// When the server cannot be reached at all.
pub async fn missing(plan: &Plan, cluster: &Cluster) -> Result<Vec<Right>, ClusterError> {
    let needed = needed(plan);
    stream::iter(needed)
        .map(|right| async move {
            let namespace = right.namespace.as_deref();
            match cluster.can_i(right.verb, &right.kind, namespace).await {
                Ok(true) | Err(ClusterError::Refused { .. }) => Ok(None),
                Ok(false) => Ok(Some(right)),
                Err(error) => Err(error),
            }
        })
        .buffered(AT_ONCE)
        .try_filter_map(|missing| async move { Ok(missing) })
        .try_collect()
        .await
}

fn needed(plan: &Plan) -> BTreeSet<Right> {
    let of_change = |id: &ObjectId, verbs: &'static [&'static str]| {
        let (kind, namespace) = (id.kind.clone(), id.namespace.clone());
        verbs.iter().map(move |verb| Right {
            verb,
            kind: kind.clone(),
            namespace: namespace.clone(),
        })
    };
    plan.changes
        .iter()
        .flat_map(|change| of_change(&change.id, verbs(&change.action)))
        .collect()
}

fn verbs(action: &Action) -> &'static [&'static str] {
    match action {
        // A server-side apply that creates an object needs both.
        Action::Create { .. } => &["create", "patch"],
        Action::Update { .. } | Action::Mark { .. } | Action::Adopt { .. } => &["patch"],
        Action::Replace { .. } => &["create", "delete", "patch"],
        Action::Delete { .. } => &["delete"],
        Action::Keep { .. } | Action::Refuse { .. } => &[],
    }
}
