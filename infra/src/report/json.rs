//! A plan as one JSON document, described by `schemas/plan.schema.json`. Pure; holds no secret values.

pub(super) mod diff;
pub(super) mod lines;
pub(super) mod status;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use super::effects::Effects;
use engine_core::object::{FieldValue, ObjectId};
use engine_core::plan::{self, Action, Timing};

/// Version of the documents and lines. Raised when a field is removed or changes its meaning, not when one is added.
pub(super) const FORMAT_VERSION: u32 = 1;

/// Where an environment is.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    /// Context of the kubeconfig.
    pub context: String,
    /// URL of the API server.
    pub server: String,
    /// UID of the namespace `kube-system`.
    pub id: String,
}

/// What an apply would change, and why.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "Plan", rename = "Plan"))]
pub(super) struct PlanDocument<'a> {
    /// Raised when a field goes or changes its meaning, not when one is added.
    format_version: u32,
    /// Name of the environment.
    environment: &'a str,
    cluster: &'a Place,
    /// What would be done, in the order in which people see it.
    changes: Vec<Change<'a>>,
    /// What is left to others.
    notes: Vec<Note<'a>>,
    /// What could not be listed, so that unwanted objects may be missing among the changes.
    gaps: &'a [String],
    summary: Summary,
}

/// One object and what would be done to it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Change<'a> {
    id: Id<'a>,
    #[cfg_attr(test, schemars(extend("enum" = [
        "create", "change", "replace", "adopt", "mark", "delete", "keep", "refuse"
    ])))]
    action: &'static str,
    /// Why, in words.
    reason: String,
    /// What to do about a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    /// What that means for what runs, in words.
    effects: Vec<String>,
    /// The fields that would change; empty unless `action` is `change`, `replace`, `adopt`, or `refuse` for want of consent to an
    /// effect.
    fields: Vec<Field<'a>>,
}

/// Who an object is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Id<'a> {
    api_version: String,
    kind: &'a str,
    /// Null for objects of the cluster.
    namespace: Option<&'a str>,
    name: &'a str,
}

/// One field that would change.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Field<'a> {
    /// Where the field stands, such as `spec.template.spec.containers[api].image`.
    path: String,
    /// Its value in the cluster; left out when it is not there, or secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'a Value>,
    /// Its value after an apply; left out when it would be removed, or is secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed: Option<&'a Value>,
    /// True when the values are secret.
    secret: bool,
    cause: Cause<'a>,
    /// The key of the environment's file that decides it, by which another value can be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// Why a field would change.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Cause<'a> {
    /// The configuration has changed.
    Configuration,
    /// The configuration has changed, and takes over a field that somebody else has set.
    TakenOver {
        /// Who set it.
        by: Author<'a>,
    },
    /// Somebody has changed or removed it in the cluster.
    Drift {
        /// Who; null when nothing tells, as after a removal.
        by: Option<Author<'a>>,
    },
    /// It is somebody else's, and goes when the object becomes ours.
    Removed {
        /// Who set it; null when nothing tells.
        by: Option<Author<'a>>,
        /// Why it cannot stay, in words.
        why: String,
    },
}

/// Somebody who wrote a field.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Author<'a> {
    /// The field manager.
    manager: &'a str,
    /// How it wrote: `Apply` for a server-side apply, `Update` for any other write.
    #[cfg_attr(test, schemars(extend("enum" = ["Apply", "Update"])))]
    operation: String,
    /// The subresource it wrote through; empty for the object itself.
    subresource: &'a str,
    /// The manager's last write of any field, RFC 3339.
    time: &'a str,
}

/// What is left to others.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Note<'a> {
    id: Id<'a>,
    text: &'a str,
}

/// The numbers of a plan.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "How many objects what would be done to."))]
struct Summary {
    #[serde(flatten)]
    #[cfg_attr(test, schemars(with = "tests::Counts<plan::Summary>"))]
    actions: plan::Summary,
    effects: Effects,
}

impl<'a> PlanDocument<'a> {
    pub(super) fn new(plan: &'a plan::Plan, cluster: &'a Place) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            environment: &plan.owner.environment,
            cluster,
            changes: plan.changes.iter().map(Change::new).collect(),
            notes: plan
                .notes
                .iter()
                .map(|note| Note {
                    id: Id::new(&note.id),
                    text: &note.text,
                })
                .collect(),
            gaps: &plan.gaps,
            summary: Summary {
                actions: plan::Summary::of(plan),
                effects: Effects::of(plan),
            },
        }
    }
}

impl<'a> Id<'a> {
    pub(super) fn new(id: &'a ObjectId) -> Self {
        Self {
            api_version: id.kind.api_version(),
            kind: &id.kind.kind,
            namespace: id.namespace.as_deref(),
            name: &id.name,
        }
    }
}

impl<'a> Change<'a> {
    fn new(change: &'a plan::Change) -> Self {
        let mut hint = None;
        let (action, reason) = match &change.action {
            Action::Create { timing, .. } => ("create", creation(timing)),
            Action::Update { fields, .. } => ("change", update(fields).to_owned()),
            Action::Adopt { .. } => ("adopt", "it exists and nothing manages it".to_owned()),
            Action::Replace { reasons, .. } => ("replace", plan::reasons_to_replace(reasons)),
            Action::Mark { lost, .. } => ("mark", lost.clone()),
            Action::Delete {
                makes_way_for: Some(successor),
                ..
            } => (
                "delete",
                format!("it is no longer wanted, and holds the node port that {successor} needs"),
            ),
            Action::Delete { .. } => ("delete", "it is no longer wanted".to_owned()),
            Action::Keep { why } => ("keep", why.clone()),
            Action::Refuse { why } => {
                hint = Some(why.hint());
                ("refuse", why.to_string())
            }
        };
        Self {
            id: Id::new(&change.id),
            action,
            reason,
            hint,
            effects: change.effects.iter().map(ToString::to_string).collect(),
            fields: change.fields().iter().map(Field::new).collect(),
        }
    }
}

fn creation(timing: &Timing) -> String {
    match timing {
        Timing::Checked => "it does not exist".to_owned(),
        Timing::Unchecked { until } => {
            format!("it does not exist; it can be checked once {until} exists")
        }
        Timing::AfterDeletion { .. } => "it is being deleted".to_owned(),
        Timing::AfterPredecessor { predecessor } => {
            format!("it does not exist; {predecessor} is deleted first")
        }
    }
}

fn update(fields: &[plan::FieldDrift]) -> &'static str {
    let drifted = |drift: &plan::FieldDrift| matches!(drift.cause, plan::Cause::Drift { .. });
    if fields.iter().all(drifted) {
        "it was changed in the cluster"
    } else if fields.iter().any(drifted) {
        "the configuration has changed, and it was changed in the cluster"
    } else {
        "the configuration has changed"
    }
}

impl<'a> Author<'a> {
    fn new(author: &'a plan::Author) -> Self {
        Self {
            manager: &author.manager,
            operation: author.operation.to_string(),
            subresource: &author.subresource,
            time: &author.time,
        }
    }
}

impl<'a> Field<'a> {
    fn new(drift: &'a plan::FieldDrift) -> Self {
        let field = &drift.field;
        let shown = |value: &'a Option<FieldValue>| match value {
            Some(FieldValue::Shown(value)) => Some(value),
            Some(FieldValue::Hidden) | None => None,
        };
        let is_hidden = |value: &Option<FieldValue>| matches!(value, Some(FieldValue::Hidden));
        Self {
            path: field.path.to_string(),
            live: shown(&field.live),
            proposed: shown(&field.proposed),
            secret: is_hidden(&field.live) || is_hidden(&field.proposed),
            key: drift.key,
            cause: match &drift.cause {
                plan::Cause::Configuration => Cause::Configuration,
                plan::Cause::TakenOver { by } => Cause::TakenOver { by: Author::new(by) },
                plan::Cause::Drift { by } => Cause::Drift {
                    by: by.as_ref().map(Author::new),
                },
                plan::Cause::Removed { by, why } => Cause::Removed {
                    by: by.as_ref().map(Author::new),
                    why: why.to_string(),
                },
            },
        }
    }
}
