//! The status of an environment as one JSON document, described by `schemas/status.schema.json`. Pure.

use serde::Serialize;

use super::{FORMAT_VERSION, Id, Place};
use engine_core::object::ObjectId;
use engine_core::status::tree::{Part, State};

/// What is there of an environment, and whether it is ready.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "Status", rename = "Status"))]
pub(in crate::report) struct StatusDocument<'a> {
    /// Raised when a field goes or changes its meaning, not when one is added.
    format_version: u32,
    /// Name of the environment.
    environment: &'a str,
    cluster: &'a Place,
    /// Whether it is there, with every object that is wanted ready; the exit code is 0 then, and 3 otherwise.
    ready: bool,
    /// Whether it is there: false before the first apply and after a destroy.
    applied: bool,
    /// Objects of the cluster, and namespaces with what stands in them.
    objects: Vec<Node<'a>>,
    /// What is no longer wanted, and stays, because it holds data or opens it. It stands among the objects too.
    kept: Vec<Id<'a>>,
}

/// One object, pod or container.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Object"))]
struct Node<'a> {
    /// Its kind; `Container` for the containers of a pod.
    kind: &'a str,
    /// Null for objects of the cluster, and for containers.
    namespace: Option<&'a str>,
    name: &'a str,
    /// `there`: nothing more is to be told of its kind. `unwanted`: the next apply deletes it.
    #[cfg_attr(test, schemars(extend("enum" = [
        "ready", "there", "waiting", "failed", "missing", "kept", "unwanted"
    ])))]
    state: &'static str,
    /// What else is to be said: numbers, the node, a cause; may be empty.
    message: &'a str,
    /// What belongs to it.
    children: Vec<Node<'a>>,
}

/// The observed state of an environment.
pub struct Standing<'a> {
    /// Name of the environment.
    pub environment: &'a str,
    /// The cluster that it is deployed to.
    pub place: &'a Place,
    /// Whether it is applied and every wanted object is ready.
    pub is_ready: bool,
    /// Whether it is applied: false before the first apply and after a destroy.
    pub is_applied: bool,
    /// The tree of objects, pods and containers.
    pub parts: &'a [Part],
    /// Objects that are kept although no longer wanted, because they hold data or its credentials.
    pub kept: Vec<&'a ObjectId>,
}

impl<'a> StatusDocument<'a> {
    pub(in crate::report) fn new(standing: &Standing<'a>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            environment: standing.environment,
            cluster: standing.place,
            ready: standing.is_ready,
            applied: standing.is_applied,
            objects: standing.parts.iter().map(Node::new).collect(),
            kept: standing.kept.iter().copied().map(Id::new).collect(),
        }
    }
}

impl<'a> Node<'a> {
    fn new(part: &'a Part) -> Self {
        Self {
            kind: &part.kind,
            namespace: part.namespace.as_deref(),
            name: &part.name,
            state: match part.state {
                State::Ready => "ready",
                State::There => "there",
                State::Waiting => "waiting",
                State::Failed => "failed",
                State::Missing => "missing",
                State::Kept => "kept",
                State::Unwanted => "unwanted",
            },
            message: &part.detail,
            children: part.parts.iter().map(Node::new).collect(),
        }
    }
}
