//! What a change means for what runs. Pure.

use serde_json::Value;

use super::change::{Action, Effect, FieldDrift, Pods};
use crate::object::{FieldValue, Kind, ObjectId};

/// The effects of a change to an object that is there.
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
            what: "its pods end and are made anew",
        }]
    } else if kind.is("", "Service") {
        vec![Effect::Outage {
            what: "no connections until it is made anew",
        }]
    } else {
        Vec::new()
    }
}

/// The effect of deleting what has the node port that its successor gets.
pub(super) fn of_succession() -> Effect {
    Effect::Outage {
        what: "its node port is closed until the successor has it",
    }
}

fn of_fields(id: &ObjectId, fields: &[FieldDrift], live: &Value) -> Vec<Effect> {
    let mut effects = Vec::new();
    let pods = live["spec"]["replicas"].as_i64().unwrap_or(1);
    let template = |field: &[&str]| fields.iter().any(|drift| drift.field.path.starts_with(field));
    if template(&["spec", "template"]) {
        if id.kind.is("apps", "Deployment") {
            effects.push(Effect::RollingRestart { pods });
        }
        if id.kind.is("apps", "StatefulSet") {
            effects.push(Effect::Outage {
                what: "its pod restarts",
            });
        }
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
