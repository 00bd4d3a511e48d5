//! How one object of the stack is found.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::dry_run::{DryRun, apply, recreate};
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
    let looked = match id.namespace.as_ref().and_then(|name| around.namespaces.get(name)) {
        Some(NamespaceState::Missing) => Ok(State::Unknown {
            why: format!(
                "namespace `{}` is not there, and `create = false`",
                id.namespace.as_deref().unwrap_or_default()
            ),
        }),
        Some(NamespaceState::Absent) => in_missing_namespace(object, around, cluster).await,
        Some(NamespaceState::Terminating) => Ok(later(id)),
        _ => in_its_place(object, listed, around, cluster).await,
    };
    match looked {
        // One object that cannot be looked at does not hide the others.
        Err(
            error @ (ClusterError::Refused { .. }
            | ClusterError::BadAnswer { .. }
            | ClusterError::Broken { .. }),
        ) => Ok(State::Unknown {
            why: error.to_string(),
        }),
        looked => looked,
    }
}

/// What is known around an object.
pub(super) struct Surroundings<'a> {
    pub(super) owner: &'a Owner,
    pub(super) namespaces: BTreeMap<String, NamespaceState>,
    /// Groups and names of the kinds that the stack itself defines.
    pub(super) definitions: HashSet<(String, String)>,
}

impl Surroundings<'_> {
    /// What was found of an object, unless its namespace is being deleted: then it goes with that, however it is now.
    pub(super) fn unless_it_goes(&self, id: &ObjectId, state: State) -> State {
        match id.namespace.as_ref().and_then(|name| self.namespaces.get(name)) {
            Some(NamespaceState::Terminating) => later(id),
            _ => state,
        }
    }

    /// An object whose kind the server does not serve: the stack may be about to define it.
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

/// What a LIST has said of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// It is there, or nobody knows because there is no such LIST.
    Perhaps,
    /// Nothing of this name carries the environment's label.
    Missing,
}

fn later(id: &ObjectId) -> State {
    State::Absent {
        check: Check::Later {
            until: Prerequisite::Namespace(id.namespace.clone().unwrap_or_default()),
        },
    }
}

async fn in_its_place(
    object: &Object,
    listed: Listed,
    around: &Surroundings<'_>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let (live, tried) = match listed {
        // Both at once: what counts over a long wire is the number of round trips.
        Listed::Perhaps => {
            let (live, tried) = tokio::join!(cluster.read(object.id()), apply(object, cluster));
            (live?, tried?)
        }
        // What is missing can be tried without a look: whether it was there is part of the answer.
        Listed::Missing => match apply(object, cluster).await? {
            DryRun::WouldCreate => {
                return Ok(State::Absent {
                    check: Check::Accepted,
                });
            }
            tried => (cluster.read(object.id()).await?, tried),
        },
    };
    let Some(live) = live else {
        let tried = match tried {
            // It was deleted between the two.
            DryRun::Applied(_) => apply(object, cluster).await?,
            tried => tried,
        };
        return match tried {
            DryRun::WouldCreate | DryRun::Applied(_) => Ok(State::Absent {
                check: Check::Accepted,
            }),
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
    match tried {
        // It was deleted between the two.
        DryRun::WouldCreate => Ok(State::Absent {
            check: Check::Accepted,
        }),
        DryRun::Applied(proposed) if is_as_it_would_be(object, &live, &proposed) => Ok(State::Unchanged {
            replicas: live["spec"]["replicas"].as_i64(),
        }),
        DryRun::Applied(proposed) => Ok(State::Suspect { live, proposed }),
        DryRun::Refused(status) => refused(object, Some(live), &status, around, cluster).await,
        DryRun::NotServed => Ok(around.not_served(object)),
    }
}

/// Whether an apply would change nothing, not even who owns what. Such an object need not be held any longer.
fn is_as_it_would_be(object: &Object, live: &Value, proposed: &Value) -> bool {
    differences(&object.id().kind, live, proposed).is_empty()
        && field_managers::same_ownership(live, proposed)
}

/// Finds out what can be done about a refusal.
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
            // Nothing is deleted that could not be made again.
            return Ok(match recreate(object, cluster).await? {
                Ok(recreated) => State::Immutable {
                    live: live.clone(),
                    recreated,
                    fields,
                },
                Err(why) => State::Refused {
                    message: format!("{status}; nor could it be recreated: {why}"),
                },
            });
        }
    }
    let message = status.to_string();
    if !node_port::is_taken(status) {
        return Ok(State::Refused { message });
    }
    let Some(holder) = node_port::holder(object, &around.namespaces, cluster).await? else {
        let why =
            "no Service is seen to have it; a creation that was cut off keeps its port for some minutes";
        return Ok(State::Refused {
            message: format!("{message} ({why})"),
        });
    };
    // All the rest must be right before anything goes for it.
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

/// Checks an object whose namespace is not there yet in a namespace that is.
async fn in_missing_namespace(
    object: &Object,
    around: &Surroundings<'_>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let mut stand_in = StandIn::of(object);
    let mut blocked = None;
    loop {
        return match cluster.dry_run(&stand_in.id, &stand_in.json).await {
            Ok(applied) if applied.created => Ok(blocked.unwrap_or(State::Absent {
                check: Check::Accepted,
            })),
            // Somebody's object has the stand-in's name, or this user may do nothing there.
            Ok(_) => Ok(later(object.id())),
            Err(error) if error.is_forbidden() => Ok(later(object.id())),
            // The stand-in's namespace is there, so it is the kind that is not.
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

/// The finalizers in a namespace that is being deleted, from the condition that counts them:
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
