//! The tree of an environment: object, `ReplicaSet`, pod, container, each with its state. Pure.

use std::fmt::Write as _;

use serde_json::Value;

use super::pods::cause;
use super::{Status, status};
use crate::object::{ObjectId, marks};

/// A part of an environment and the parts below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its kind, such as `StatefulSet`; [`CONTAINER`] for a container.
    pub kind: String,
    /// Its namespace; `None` for objects of the cluster, and for containers.
    pub namespace: Option<String>,
    /// Its name, such as `mongodb`.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Details: numbers, the node, a cause; may be empty.
    pub detail: String,
    /// The parts below it.
    pub parts: Vec<Part>,
}

/// The kind of a container, which is not a Kubernetes object.
pub const CONTAINER: &str = "Container";

impl Part {
    /// The short name: `StatefulSet/mongodb`, or the name alone for a container.
    #[must_use]
    pub fn label(&self) -> String {
        if self.kind == CONTAINER {
            self.name.clone()
        } else {
            format!("{}/{}", self.kind, self.name)
        }
    }
}

/// The state of a part of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Ready for use.
    Ready,
    /// Exists; its kind has no status.
    There,
    /// Not ready yet.
    Waiting,
    /// Needs attention.
    Failed,
    /// Declared, but does not exist.
    Missing,
    /// No longer declared, and kept because it holds or unlocks data.
    Kept,
    /// No longer declared: the next apply deletes it.
    Unwanted,
}

/// An object of an environment, live or missing.
#[derive(Clone)]
pub struct Found {
    /// The object's identity.
    pub id: ObjectId,
    /// The live object; `None` when it does not exist.
    pub live: Option<Value>,
    /// Its role in the environment.
    pub part: Wanted,
}

/// The role of an object in its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The stack declares it.
    Yes,
    /// A declared object uses it, as a database uses its claim.
    Along,
    /// Nothing declares it, and it stays.
    Kept,
    /// Nothing declares it, and the next apply deletes it.
    No,
}

/// What runs in the environment's namespaces.
#[derive(Clone, Default)]
pub struct Running {
    /// The `ReplicaSet`s.
    pub sets: Vec<Value>,
    /// The pods.
    pub pods: Vec<Value>,
}

/// Joins everything into one tree: cluster-scoped objects first, then each namespace with its objects.
#[must_use]
pub fn tree(objects: &[Found], running: &Running) -> Vec<Part> {
    let mut roots: Vec<Part> = Vec::new();
    for found in objects.iter().filter(|found| found.id.namespace.is_none()) {
        roots.push(object(found, running));
    }
    for found in objects {
        let Some(namespace) = &found.id.namespace else {
            continue;
        };
        let position = roots
            .iter()
            .position(|root| root.kind == "Namespace" && root.name == *namespace);
        let position = position.unwrap_or_else(|| {
            roots.push(Part {
                kind: "Namespace".to_owned(),
                namespace: None,
                name: namespace.clone(),
                state: State::There,
                detail: "given, not of this environment".to_owned(),
                parts: Vec::new(),
            });
            roots.len() - 1
        });
        roots[position].parts.push(object(found, running));
    }
    roots
}

/// Whether every declared object exists and is ready.
#[must_use]
pub fn is_ready(objects: &[Found]) -> bool {
    objects
        .iter()
        .filter(|found| found.part == Wanted::Yes)
        .all(|found| {
            let status = found.live.as_ref().map(|live| status(&found.id.kind, live));
            status == Some(Status::Current)
        })
}

fn object(found: &Found, running: &Running) -> Part {
    let id = &found.id;
    let mut part = Part {
        kind: id.kind.kind.clone(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
        state: State::Missing,
        detail: String::new(),
        parts: Vec::new(),
    };
    let Some(live) = &found.live else {
        return part;
    };
    part.detail = detail(id, live);
    part.state = match status(&id.kind, live) {
        Status::Current if super::has_rule(&id.kind) => State::Ready,
        Status::Current => State::There,
        Status::InProgress { message } => {
            part.detail = message;
            State::Waiting
        }
        Status::Failed { message } => {
            part.detail = message;
            State::Failed
        }
    };
    match found.part {
        Wanted::Yes | Wanted::Along => {}
        Wanted::Kept => part.state = State::Kept,
        Wanted::No => part.state = State::Unwanted,
    }
    if id.kind.is("apps", "Deployment") {
        part.parts = replica_sets(live, running);
    } else {
        part.parts = pods(live, running);
    }
    part
}

/// Details of an object that is current.
fn detail(id: &ObjectId, live: &Value) -> String {
    let number = |value: &Value| value.as_i64().unwrap_or(0);
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let kind = &id.kind;
    if super::runs_pods(kind) {
        let wanted = live["spec"]["replicas"].as_i64().unwrap_or(1);
        format!("{} of {wanted} ready", number(&live["status"]["readyReplicas"]))
    } else if kind.is("", "PersistentVolumeClaim") {
        format!(
            "{} in volume {}",
            text(&live["status"]["capacity"]["storage"]),
            text(&live["spec"]["volumeName"])
        )
    } else if kind.is("autoscaling", "HorizontalPodAutoscaler") {
        autoscaler(live)
    } else {
        let port = live["spec"]["ports"][0]["nodePort"].as_i64();
        port.filter(|_| kind.is("", "Service"))
            .map_or_else(String::new, |port| format!("port {port} of every node"))
    }
}

fn autoscaler(live: &Value) -> String {
    let number = |value: &Value| value.as_i64().unwrap_or(0);
    let mut text = format!(
        "{} to {} pods, now {}",
        number(&live["spec"]["minReplicas"]),
        number(&live["spec"]["maxReplicas"]),
        number(&live["status"]["currentReplicas"])
    );
    let idle = super::conditions(live)
        .find(|condition| condition["type"] == "ScalingActive" && condition["status"] == "False");
    if let Some(condition) = idle {
        let reason = condition["reason"].as_str().unwrap_or("no reason given");
        text.push_str("; does not scale: ");
        text.push_str(reason);
    }
    text
}

fn is_owned_by(object: &Value, owner: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    let uid = marks::uid(owner);
    owners.is_some_and(|owners| !uid.is_empty() && owners.iter().any(|owner| owner["uid"] == uid))
}

/// The `ReplicaSet`s of a Deployment with live or desired pods.
fn replica_sets(deployment: &Value, running: &Running) -> Vec<Part> {
    const REVISION: &str = "deployment.kubernetes.io/revision";
    let current = marks::annotation(deployment, REVISION);
    let sets = running.sets.iter().filter(|set| is_owned_by(set, deployment));
    let parts = sets.filter_map(|set| {
        let pods = pods(set, running);
        let wanted = set["spec"]["replicas"].as_i64().unwrap_or(0);
        if wanted == 0 && pods.is_empty() {
            return None;
        }
        let ready = set["status"]["readyReplicas"].as_i64().unwrap_or(0);
        let age = if marks::annotation(set, REVISION) == current {
            ""
        } else {
            ", of an earlier revision"
        };
        Some(Part {
            kind: "ReplicaSet".to_owned(),
            namespace: namespace(set),
            name: name(set).to_owned(),
            state: if ready < wanted {
                State::Waiting
            } else {
                State::Ready
            },
            detail: format!("{ready} of {wanted} ready{age}"),
            parts: pods,
        })
    });
    parts.collect()
}

fn pods(owner: &Value, running: &Running) -> Vec<Part> {
    let pods = running.pods.iter().filter(|pod| is_owned_by(pod, owner));
    pods.map(pod).collect()
}

fn pod(pod: &Value) -> Part {
    let place = pod["spec"]["nodeName"]
        .as_str()
        .map_or_else(String::new, |node| format!("on {node}"));
    let (state, detail) = if marks::is_terminating(pod) {
        (State::Waiting, "being deleted".to_owned())
    } else {
        match cause(pod) {
            None => (State::Ready, place),
            Some((text, super::pods::Outlook::Passing)) => (State::Waiting, text),
            Some((text, _)) => (State::Failed, text),
        }
    };
    let status = &pod["status"];
    let images = |containers: &Value| containers.as_array().cloned().unwrap_or_default();
    // What has prepared the pod and ended well is no news.
    let preparing = images(&status["initContainerStatuses"]);
    let preparing = preparing
        .iter()
        .filter(|container| container["state"]["terminated"]["exitCode"] != 0);
    let running = images(&status["containerStatuses"]);
    Part {
        kind: "Pod".to_owned(),
        namespace: namespace(pod),
        name: name(pod).to_owned(),
        state,
        detail,
        parts: preparing
            .map(|status| (status, State::Waiting))
            .chain(running.iter().map(|status| (status, State::Ready)))
            .map(|(status, good)| container(status, good))
            .collect(),
    }
}

fn container(status: &Value, good: State) -> Part {
    let mut detail = status["image"].as_str().unwrap_or_default().to_owned();
    if let Some(restarts) = status["restartCount"].as_i64().filter(|count| *count > 0) {
        let word = if restarts == 1 { "restart" } else { "restarts" };
        let _ = write!(detail, ", {restarts} {word}");
    }
    let waiting = status["state"]["waiting"]["reason"].as_str();
    let ended = status["state"]["terminated"]["exitCode"].as_i64();
    let state = match (waiting, ended) {
        (Some(reason), _) => {
            let _ = write!(detail, ", {reason}");
            State::Waiting
        }
        (None, Some(code)) => {
            let _ = write!(detail, ", ended with exit code {code}");
            State::Failed
        }
        (None, None) if status["ready"] == true => good,
        (None, None) => State::Waiting,
    };
    Part {
        kind: CONTAINER.to_owned(),
        namespace: None,
        name: status["name"].as_str().unwrap_or_default().to_owned(),
        state,
        detail,
        parts: Vec::new(),
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn namespace(object: &Value) -> Option<String> {
    object["metadata"]["namespace"].as_str().map(str::to_owned)
}
