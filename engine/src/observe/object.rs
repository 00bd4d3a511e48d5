//! Observes one object of the stack.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::dry_run::{ABSENT, DryRun, apply, recreate};
use super::immutable::immutable_fields;
use super::stand_in::StandIn;
use super::{NamespaceState, adoption, node_port};
use crate::cluster::{Cluster, ClusterError, Status};
use engine_core::object::owner::{Owner, Ownership, ownership};
use engine_core::object::{Object, ObjectId, differences, field_managers, marks};
use engine_core::observation::{Check, Prerequisite, State};

pub(super) async fn observe(
    object: &Object,
    listed: Listed,
    around: &Surroundings<'_>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let id = object.id();
    let observed = match id.namespace.as_ref().and_then(|name| around.namespaces.get(name)) {
        Some(NamespaceState::Missing) => Ok(State::Unknown {
            why: format!(
                "namespace `{}` does not exist, and `create = false`",
                id.namespace.as_deref().unwrap_or_default()
            ),
        }),
        Some(NamespaceState::Absent) => in_missing_namespace(object, around, cluster).await,
        Some(NamespaceState::Terminating) => Ok(later(id)),
        _ => in_existing_namespace(object, listed, around, cluster).await,
    };
    match observed {
        // An error in one object must not hide the others.
        Err(
            error @ (ClusterError::Refused { .. }
            | ClusterError::BadAnswer { .. }
            | ClusterError::Broken { .. }),
        ) => Ok(State::Unknown {
            why: error.to_string(),
        }),
        observed => observed,
    }
}

/// The context in which an object is observed.
pub(super) struct Surroundings<'a> {
    pub(super) owner: &'a Owner,
    pub(super) namespaces: BTreeMap<String, NamespaceState>,
    /// Groups and names of the kinds that the stack itself defines.
    pub(super) definitions: HashSet<(String, String)>,
}

impl Surroundings<'_> {
    /// Returns the state of an object, or its future absence if its namespace is being deleted.
    pub(super) fn unless_it_goes(&self, id: &ObjectId, state: State) -> State {
        match id.namespace.as_ref().and_then(|name| self.namespaces.get(name)) {
            Some(NamespaceState::Terminating) => later(id),
            _ => state,
        }
    }

    /// Returns the state of an object whose kind the server does not serve. The stack itself may define that kind.
    fn not_served(&self, object: &Object) -> State {
        let kind = &object.id().kind;
        if self
            .definitions
            .contains(&(kind.group.clone(), kind.kind.clone()))
        {
            return State::Absent {
                check: Check::Later {
                    until: Prerequisite::Kind(kind.kind.clone()),
                },
            };
        }
        State::Unknown {
            why: format!(
                "the server does not serve {} ({})",
                kind.plural,
                kind.api_version()
            ),
        }
    }
}

/// What the LISTs say about an object's existence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// The object was listed, or its LIST failed or was not sent.
    Perhaps,
    /// No object of this name carries the environment's label.
    Missing,
}

fn later(id: &ObjectId) -> State {
    State::Absent {
        check: Check::Later {
            until: Prerequisite::Namespace(id.namespace.clone().unwrap_or_default()),
        },
    }
}

async fn in_existing_namespace(
    object: &Object,
    listed: Listed,
    around: &Surroundings<'_>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let (live, dry_run) = match listed {
        // Both run concurrently: over a slow connection, round trips count.
        Listed::Perhaps => {
            let (live, dry_run) = tokio::join!(cluster.read(object.id()), apply(object, cluster));
            (live?, dry_run?)
        }
        // No read is needed: the dry-run says whether the object exists.
        Listed::Missing => match apply(object, cluster).await? {
            DryRun::WouldCreate => return Ok(ABSENT),
            dry_run => (cluster.read(object.id()).await?, dry_run),
        },
    };
    let Some(live) = live else {
        let dry_run = match dry_run {
            // It was deleted between the two requests.
            DryRun::Applied(_) => apply(object, cluster).await?,
            dry_run => dry_run,
        };
        return match dry_run {
            DryRun::WouldCreate | DryRun::Applied(_) => Ok(ABSENT),
            DryRun::Refused(status) => refused(object, None, &status, around, cluster).await,
            DryRun::NotServed => Ok(around.not_served(object)),
        };
    };
    match ownership(&live, around.owner) {
        Ownership::Ours | Ownership::Unlabelled => {}
        Ownership::Foreign => return adoption::observe(object, live, cluster).await,
        owner @ Ownership::Other { .. } => return Ok(State::Foreign { owner }),
    }
    if marks::is_terminating(&live) {
        return Ok(State::Terminating {
            finalizers: finalizers(&live),
        });
    }
    match dry_run {
        // It was deleted between the two requests.
        DryRun::WouldCreate => Ok(ABSENT),
        DryRun::Applied(proposed) if is_unchanged(object, &live, &proposed) => Ok(State::Unchanged {
            replicas: live["spec"]["replicas"].as_i64(),
        }),
        DryRun::Applied(proposed) => Ok(State::Suspect { live, proposed }),
        DryRun::Refused(status) => refused(object, Some(live), &status, around, cluster).await,
        DryRun::NotServed => Ok(around.not_served(object)),
    }
}

/// Returns whether an apply would change nothing, not even field ownership. Such an object need not stay in memory.
fn is_unchanged(object: &Object, live: &Value, proposed: &Value) -> bool {
    differences(&object.id().kind, live, proposed).is_empty()
        && field_managers::same_ownership(live, proposed)
}

/// Determines why the server rejects an apply.
async fn refused(
    object: &Object,
    live: Option<Value>,
    status: &Status,
    around: &Surroundings<'_>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    if let Some(live) = &live {
        let fields = immutable_fields(status);
        if !fields.is_empty() {
            // Never delete an object that cannot be recreated.
            return Ok(match recreate(object, cluster).await? {
                Ok(recreated) => State::Immutable {
                    live: live.clone(),
                    recreated,
                    fields,
                },
                Err(why) => State::Refused {
                    message: format!("{status}; it cannot be recreated either: {why}"),
                },
            });
        }
    }
    let message = status.to_string();
    if !node_port::is_taken(status) {
        return Ok(State::Refused { message });
    }
    let Some(holder) = node_port::holder(object, &around.namespaces, cluster).await? else {
        let why = "no visible Service uses it; an interrupted create reserves its port for a few minutes";
        return Ok(State::Refused {
            message: format!("{message} ({why})"),
        });
    };
    // Everything else must be valid before another object is deleted to free the port.
    let mut json = object.json();
    node_port::take_off(&mut json);
    match cluster.dry_run(object.id(), &json).await {
        Ok(applied) => {
            let mut proposed = applied.object()?;
            node_port::put_back(&mut proposed, &object.json());
            Ok(State::Blocked {
                holder,
                message,
                object: live.map(|live| (live, proposed)),
            })
        }
        Err(ClusterError::Refused { status, .. }) => Ok(State::Refused {
            message: status.to_string(),
        }),
        Err(error) => Err(error),
    }
}

/// Checks an object whose namespace does not exist yet, in a namespace that does.
async fn in_missing_namespace(
    object: &Object,
    around: &Surroundings<'_>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let mut stand_in = StandIn::of(object);
    let mut blocked = None;
    loop {
        return match cluster.dry_run(&stand_in.id, &stand_in.json).await {
            Ok(applied) if applied.created => Ok(blocked.unwrap_or(ABSENT)),
            // Another object has the stand-in's name, or this user has no access to that namespace.
            Ok(_) => Ok(later(object.id())),
            Err(error) if error.is_forbidden() => Ok(later(object.id())),
            // The stand-in's namespace exists, so the kind is missing.
            Err(error) if error.is_not_found() => Ok(around.not_served(object)),
            Err(ClusterError::Refused { status, .. }) => {
                let message = stand_in.in_its_own_words(&status.to_string());
                if blocked.is_none()
                    && node_port::is_taken(&status)
                    && let Some(holder) = node_port::holder(object, &around.namespaces, cluster).await?
                {
                    node_port::take_off(&mut stand_in.json);
                    blocked = Some(State::Blocked {
                        holder,
                        message,
                        object: None,
                    });
                    continue;
                }
                Ok(State::Refused { message })
            }
            Err(error) => Err(error),
        };
    }
}

fn finalizers(live: &Value) -> Vec<String> {
    let finalizers = live["metadata"]["finalizers"].as_array();
    let names = finalizers.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).chain(finalizers_inside(live)).collect()
}

/// Returns the finalizers in a namespace that is being deleted, from the condition that counts them:
/// `Some content in the namespace has finalizers remaining: NAME in 1 resource instances, …`.
fn finalizers_inside(live: &Value) -> Vec<String> {
    let conditions = live["status"]["conditions"].as_array();
    let counted = conditions.into_iter().flatten().find(|condition| {
        condition["type"] == "NamespaceFinalizersRemaining" && condition["status"] == "True"
    });
    let message = counted.and_then(|condition| condition["message"].as_str());
    let Some((_, list)) = message.and_then(|message| message.split_once("remaining: ")) else {
        return Vec::new();
    };
    let names = list.split(", ").filter_map(|item| item.split_once(" in "));
    names.map(|(name, _)| name.to_owned()).collect()
}
