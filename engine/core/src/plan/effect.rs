//! Effects of changes on running workloads and data. Pure.

use serde_json::Value;

use super::change::{Action, Effect, FieldDrift, Pods};
use crate::object::path::Path;
use crate::object::{FieldValue, Kind, ObjectId};

/// The effects of a change to an existing object.
pub(super) fn of(id: &ObjectId, action: &Action, live: &Value) -> Vec<Effect> {
    match action {
        Action::Update { fields, .. }
        | Action::Adopt { fields, .. }
        | Action::Replace {
            fields,
            pods: Pods::Stay,
            ..
        } => of_fields(id, fields, live),
        Action::Replace { .. } => of_replacement(&id.kind),
        _ => Vec::new(),
    }
}

/// The effects of a deletion that is followed by a creation.
fn of_replacement(kind: &Kind) -> Vec<Effect> {
    if kind.group == "apps" || kind.group == "batch" || kind.is("", "Pod") {
        vec![Effect::Outage {
            what: "its pods end and are recreated",
        }]
    } else if kind.is("", "Service") {
        vec![Effect::Outage {
            what: "no connections until it is recreated",
        }]
    } else {
        Vec::new()
    }
}

/// The effect of deleting a Service whose node port another one gets.
pub(super) fn of_succession() -> Effect {
    Effect::Outage {
        what: "its node port is closed until the successor has it",
    }
}

fn of_fields(id: &ObjectId, fields: &[FieldDrift], live: &Value) -> Vec<Effect> {
    let mut effects = Vec::new();
    let pods = live["spec"]["replicas"].as_i64().unwrap_or(1);
    let in_template = |drift: &FieldDrift| drift.field.path.starts_with(&["spec", "template"]);
    if fields.iter().any(in_template) {
        effects.extend(of_template(
            &id.kind,
            Strategy::of(&id.kind, fields, live),
            live,
            pods,
        ));
    }
    for drift in fields {
        let number = |value: &Option<FieldValue>| match value {
            Some(FieldValue::Shown(value)) => value.as_i64(),
            _ => None,
        };
        if drift.field.path.starts_with(&["spec", "replicas"])
            && let Some(to) = number(&drift.field.proposed)
        {
            effects.push(Effect::Scale { from: pods, to });
        }
    }
    effects
}

/// The effect of a changed pod template; `None` for an object without pods, or one that leaves its pods alone.
fn of_template(kind: &Kind, strategy: Strategy, live: &Value, pods: i64) -> Option<Effect> {
    let daemons = live["status"]["desiredNumberScheduled"].as_i64().unwrap_or(0);
    let (pods, is_alone) = match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => (pods, false),
        // It never runs two pods of the same name.
        ("apps", "StatefulSet") => (pods, pods == 1),
        ("apps", "DaemonSet") => (daemons, false),
        _ => return None,
    };
    match strategy {
        _ if pods == 0 => None,
        Strategy::ByHand => None,
        Strategy::AllAtOnce => Some(Effect::Outage {
            what: "its pods end before new ones start",
        }),
        Strategy::OneByOne if is_alone => Some(Effect::Outage {
            what: "its pod restarts",
        }),
        Strategy::OneByOne => Some(Effect::RollingRestart { pods }),
    }
}

/// How a workload replaces its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    OneByOne,
    AllAtOnce,
    /// Only when they are deleted by hand.
    ByHand,
}

impl Strategy {
    /// The strategy after the change.
    fn of(kind: &Kind, fields: &[FieldDrift], live: &Value) -> Self {
        let field = if kind.is("apps", "Deployment") {
            "strategy"
        } else {
            "updateStrategy"
        };
        let path = Path::of(&["spec", field, "type"]);
        let changed = fields.iter().find(|drift| drift.field.path == path);
        let strategy = match changed.map(|drift| &drift.field.proposed) {
            Some(Some(FieldValue::Shown(proposed))) => proposed.as_str(),
            Some(_) => None,
            None => live["spec"][field]["type"].as_str(),
        };
        match strategy {
            Some("Recreate") => Self::AllAtOnce,
            Some("OnDelete") => Self::ByHand,
            _ => Self::OneByOne,
        }
    }
}

/// The effects of a deletion.
pub(super) fn of_deletion(id: &ObjectId) -> Vec<Effect> {
    if id.kind.is("apps", "Deployment") || id.kind.is("apps", "StatefulSet") {
        vec![Effect::Outage { what: "its pods end" }]
    } else if id.kind.is("", "PersistentVolumeClaim") {
        vec![Effect::DataLoss]
    } else {
        Vec::new()
    }
}
