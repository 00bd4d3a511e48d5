//! How one object of the stack is found.

use std::collections::BTreeMap;

use serde_json::Value;

use super::immutable::immutable_fields;
use super::stand_in::StandIn;
use super::{NamespaceState, adoption, node_port};
use crate::cluster::{Cluster, ClusterError, Mode, Status};
use crate::object::belonging::{Belonging, belonging};
use crate::object::{Object, ObjectId, marks};
use crate::observation::{Check, Observation, State};

pub(super) async fn observe(
    object: &Object,
    environment: &str,
    namespaces: &BTreeMap<String, NamespaceState>,
    cluster: &Cluster,
) -> Result<Observation, ClusterError> {
    let id = object.id().clone();
    let state = match id.namespace.as_ref().and_then(|name| namespaces.get(name)) {
        Some(NamespaceState::Missing) => State::Unknown {
            why: format!(
                "namespace `{}` is not there, and `create = false`",
                id.namespace.as_deref().unwrap_or_default()
            ),
        },
        Some(NamespaceState::Absent) => in_missing_namespace(object, namespaces, cluster).await?,
        Some(NamespaceState::Terminating) => later(&id),
        _ => in_its_place(object, environment, namespaces, cluster).await?,
    };
    Ok(Observation { id, state })
}

fn later(id: &ObjectId) -> State {
    State::Absent {
        check: Check::Later {
            namespace: id.namespace.clone().unwrap_or_default(),
        },
    }
}

async fn in_its_place(
    object: &Object,
    environment: &str,
    namespaces: &BTreeMap<String, NamespaceState>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let live = match cluster.read(object.id()).await {
        Ok(live) => live,
        Err(error) if error.is_forbidden() => {
            return Ok(State::Unknown {
                why: error.to_string(),
            });
        }
        Err(error) => return Err(error),
    };
    let Some(live) = live else {
        return match try_apply(object, cluster).await? {
            Tried::Taken(_) => Ok(State::Absent {
                check: Check::Accepted,
            }),
            Tried::Refused(status) => refused(object, None, &status, namespaces, cluster).await,
            Tried::NotServed(why) => Ok(State::Unknown { why }),
        };
    };
    match belonging(&live, environment) {
        Belonging::Ours => {}
        Belonging::Foreign => return adoption::observe(object, live, cluster).await,
        belonging @ Belonging::OtherEnvironment(_) => return Ok(State::Foreign { belonging }),
    }
    if marks::is_terminating(&live) {
        return Ok(State::Terminating {
            finalizers: finalizers(&live),
        });
    }
    match try_apply(object, cluster).await? {
        Tried::Taken(proposed) => Ok(State::Suspect { live, proposed }),
        Tried::Refused(status) => refused(object, Some(live), &status, namespaces, cluster).await,
        Tried::NotServed(why) => Ok(State::Unknown { why }),
    }
}

/// What came of a dry-run.
pub(super) enum Tried {
    /// The server would take it, and this is what it would be.
    Taken(Value),
    /// The server refuses it.
    Refused(Box<Status>),
    /// The server does not know what it is; why, in words.
    NotServed(String),
}

/// Lets the server do everything but the write.
pub(super) async fn try_apply(object: &Object, cluster: &Cluster) -> Result<Tried, ClusterError> {
    let answer = cluster
        .apply(object.id(), object.json(), marks::MANAGER, Mode::DryRun)
        .await;
    match answer {
        Ok(applied) => Ok(Tried::Taken(applied.object)),
        Err(ClusterError::Refused { status, .. }) if status.code == 404 => Ok(Tried::NotServed(format!(
            "the server does not serve {}",
            object.id().kind.plural
        ))),
        Err(ClusterError::Refused { status, .. }) => Ok(Tried::Refused(status)),
        Err(error) => Err(error),
    }
}

/// Finds out what can be done about a refusal.
async fn refused(
    object: &Object,
    live: Option<Value>,
    status: &Status,
    namespaces: &BTreeMap<String, NamespaceState>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    if let Some(live) = &live {
        let fields = immutable_fields(status);
        if !fields.is_empty() {
            // Nothing is deleted that could not be made again.
            return Ok(match adoption::anew(object, cluster).await? {
                Ok(anew) => State::Immutable {
                    live: live.clone(),
                    anew,
                    fields,
                },
                Err(why) => State::Refused {
                    message: format!("{status}; nor could it be made anew: {why}"),
                },
            });
        }
    }
    let message = status.to_string();
    if !node_port::is_taken(status) {
        return Ok(State::Refused { message });
    }
    let Some(holder) = node_port::holder(object, namespaces, cluster).await? else {
        return Ok(State::Refused { message });
    };
    // All the rest must be right before anything goes for it.
    let mut json = object.json().clone();
    node_port::take_off(&mut json);
    match cluster
        .apply(object.id(), &json, marks::MANAGER, Mode::DryRun)
        .await
    {
        Ok(applied) => {
            let mut proposed = applied.object;
            node_port::put_back(&mut proposed, object.json());
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
    namespaces: &BTreeMap<String, NamespaceState>,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let mut stand_in = StandIn::of(object);
    let mut blocked = None;
    loop {
        let answer = cluster
            .apply(&stand_in.id, &stand_in.json, marks::MANAGER, Mode::DryRun)
            .await;
        return match answer {
            Ok(applied) if applied.created => Ok(blocked.unwrap_or(State::Absent {
                check: Check::Accepted,
            })),
            // Somebody's object has the stand-in's name, or this user may do nothing there.
            Ok(_) => Ok(later(object.id())),
            Err(error) if error.is_forbidden() || error.is_not_found() => Ok(later(object.id())),
            Err(ClusterError::Refused { status, .. }) => {
                let message = stand_in.in_its_own_words(&status.to_string());
                if blocked.is_none()
                    && node_port::is_taken(&status)
                    && let Some(holder) = node_port::holder(object, namespaces, cluster).await?
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
    names.map(str::to_owned).collect()
}
