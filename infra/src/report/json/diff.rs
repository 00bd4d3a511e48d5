//! A diff as one JSON document, described by `schemas/diff.schema.json`. Pure; holds no secret values.

use serde::Serialize;
use serde_json::Value;

use super::{Change, FORMAT_VERSION, Id, Place};
use crate::report::diff::Sides;
use engine_core::plan;

/// The plan as documents, live and planned, of the fields that this program declares.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "Diff", rename = "Diff"))]
pub(in crate::report) struct DiffDocument<'a> {
    /// Raised when a field goes or changes its meaning, not when one is added.
    format_version: u32,
    /// Name of the environment.
    environment: &'a str,
    cluster: &'a Place,
    /// The objects that are not unchanged, in the order in which people see them.
    objects: Vec<ObjectDiff<'a>>,
    /// What could not be listed, so that unwanted objects may be missing.
    gaps: &'a [String],
}

/// One object, as it is and as it would be.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ObjectDiff<'a> {
    id: Id<'a>,
    #[cfg_attr(test, schemars(extend("enum" = ["create", "change", "mark", "delete", "keep", "refuse"])))]
    action: &'static str,
    /// Why, in words.
    reason: String,
    /// What to do about a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    /// What that means for what runs, in words.
    effects: Vec<String>,
    /// As it is: of an object to `change` its identity and the fields that change, of a list the items that change; of
    /// one to `delete` its identity. Null when it is not there, and where no content changes. Values of Secrets are
    /// `(not shown)`; those that stand here change.
    live: Option<Value>,
    /// As it would be, in the same fields; of an object to `create` all of them. Null when it would not be there, and
    /// where no content changes.
    planned: Option<Value>,
    /// The lines of the unified diff of both as YAML, without line ends; behind a field whoever changed it. Empty where
    /// no content changes.
    unified: Vec<String>,
}

impl<'a> DiffDocument<'a> {
    pub(in crate::report) fn new(plan: &'a plan::Plan, cluster: &'a Place) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            environment: &plan.owner.environment,
            cluster,
            objects: plan.changes.iter().map(ObjectDiff::new).collect(),
            gaps: &plan.gaps,
        }
    }
}

impl<'a> ObjectDiff<'a> {
    fn new(change: &'a plan::Change) -> Self {
        let sides = Sides::of(change);
        let unified = sides.as_ref().map(|sides| sides.unified(&change.id));
        let (live, planned) = sides.map_or((None, None), |sides| (sides.live, sides.planned));
        let said = Change::new(change);
        Self {
            id: said.id,
            action: said.action,
            reason: said.reason,
            hint: said.hint,
            effects: said.effects,
            live: live.map(|document| document.content),
            planned: planned.map(|document| document.content),
            unified: unified
                .iter()
                .flat_map(|text| text.lines())
                .map(str::to_owned)
                .collect(),
        }
    }
}
