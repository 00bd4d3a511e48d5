//! How one object of the stack is found.

use std::collections::BTreeMap;

use serde_json::Value;

use super::NamespaceState;
use super::stand_in::StandIn;
use crate::cluster::{Cluster, ClusterError, Mode};
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
        Some(NamespaceState::Absent) => in_missing_namespace(object, cluster).await?,
        Some(NamespaceState::Terminating) => later(&id),
        _ => in_its_place(object, environment, cluster).await?,
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

async fn in_its_place(object: &Object, environment: &str, cluster: &Cluster) -> Result<State, ClusterError> {
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
            Ok(_) => Ok(State::Absent {
                check: Check::Accepted,
            }),
            Err(state) => Ok(state),
        };
    };
    match belonging(&live, environment) {
        Belonging::Ours => {}
        belonging => return Ok(State::Foreign { belonging }),
    }
    if marks::is_terminating(&live) {
        return Ok(State::Terminating {
            finalizers: finalizers(&live),
        });
    }
    match try_apply(object, cluster).await? {
        Ok(proposed) => Ok(State::Suspect { live, proposed }),
        Err(state) => Ok(state),
    }
}

/// Lets the server do everything but the write.
async fn try_apply(object: &Object, cluster: &Cluster) -> Result<Result<Value, State>, ClusterError> {
    match cluster.apply_object(object, Mode::DryRun).await {
        Ok(applied) => Ok(Ok(applied.object)),
        Err(ClusterError::Refused { status, .. }) if status.code == 404 => Ok(Err(State::Unknown {
            why: format!("the server does not serve {}", object.id().kind.plural),
        })),
        Err(ClusterError::Refused { status, .. }) => Ok(Err(State::Refused {
            message: status.to_string(),
        })),
        Err(error) => Err(error),
    }
}

/// Checks an object whose namespace is not there yet in a namespace that is.
async fn in_missing_namespace(object: &Object, cluster: &Cluster) -> Result<State, ClusterError> {
    let stand_in = StandIn::of(object);
    let answer = cluster
        .apply(&stand_in.id, &stand_in.json, marks::MANAGER, Mode::DryRun)
        .await;
    match answer {
        Ok(applied) if applied.created => Ok(State::Absent {
            check: Check::Accepted,
        }),
        // Somebody's object has the stand-in's name, or this user may do nothing there.
        Ok(_) => Ok(later(object.id())),
        Err(error) if error.is_forbidden() || error.is_not_found() => Ok(later(object.id())),
        Err(ClusterError::Refused { status, .. }) => Ok(State::Refused {
            message: stand_in.in_its_own_words(&status.to_string()),
        }),
        Err(error) => Err(error),
    }
}

fn finalizers(live: &Value) -> Vec<String> {
    let finalizers = live["metadata"]["finalizers"].as_array();
    let names = finalizers.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}
