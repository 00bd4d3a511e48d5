//! What a change means for what runs. Pure.

use serde_json::Value;

use super::change::{Action, Effect};
use crate::object::{FieldValue, ObjectId};

/// The effects of a change to an object that is there.
pub(super) fn of(id: &ObjectId, action: &Action, live: &Value) -> Vec<Effect> {
    let Action::Update { fields, .. } = action else {
        return Vec::new();
    };
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
