//! Changes of an existing object, and their causes. Pure.

use serde_json::Value;

use super::change::{Action, Cause, Change, FieldDrift, Handover};
use super::refusal::Refusal;
use super::{Consent, Consents, effect, is_mark, owns_replicas};
use crate::object::field_managers::{self, Author, Manager, Operation};
use crate::object::path::Path;
use crate::object::{FieldChange, Object, differences, marks};

/// Compares a live object with the dry-run of an apply; `None` when they are the same.
pub(super) fn change(
    object: &Object,
    live: &Value,
    proposed: &Value,
    autoscaled_minimum: Option<i32>,
    consents: Consents,
) -> Option<Change> {
    let id = object.id();
    let hash_is_current = has_current_hash(object, live);
    let (lost_marks, fields) = changed(object, live, proposed, autoscaled_minimum);
    let fields: Vec<FieldDrift> = fields
        .into_iter()
        .map(|field| FieldDrift {
            cause: cause(&field.path, live, hash_is_current),
            field,
            key: None,
        })
        .collect();
    if let Some(why) = conflict(&fields, live, consents) {
        return Some(Change::new(id, Action::Refuse { why }));
    }
    let handover = (autoscaled_minimum.is_some() && owns_replicas(live))
        .then(|| live["spec"]["replicas"].as_i64())
        .flatten()
        .map(Handover::BeforeUpdate);
    let desired = object.clone();
    let action = if !fields.is_empty() {
        Action::Update { desired, fields }
    } else if !lost_marks.is_empty() || !field_managers::same_ownership(live, proposed) {
        let lost = lost(&lost_marks, hash_is_current, live);
        Action::Mark { desired, lost }
    } else {
        return None;
    };
    Some(Change {
        id: id.clone(),
        effects: effect::of(id, &action, live),
        action,
        handover,
    })
}

/// The differences: lost marks, then fields.
pub(super) fn changed(
    object: &Object,
    live: &Value,
    proposed: &Value,
    autoscaled_minimum: Option<i32>,
) -> (Vec<FieldChange>, Vec<FieldChange>) {
    let replicas = Path::of(&["spec", "replicas"]);
    let mut fields = differences(&object.id().kind, live, proposed);
    if autoscaled_minimum.is_some() {
        // The dry-run ignores the hand-over and shows a drop to 1.
        fields.retain(|field| field.path != replicas);
    }
    fields.into_iter().partition(|field| is_mark(&field.path))
}

pub(super) fn has_current_hash(object: &Object, live: &Value) -> bool {
    marks::annotation(live, marks::STATE_HASH) == Some(object.hash().to_string().as_str())
}

/// Refuses changes of fields that another applier declares, without consent.
pub(super) fn conflict(fields: &[FieldDrift], live: &Value, consents: Consents) -> Option<Refusal> {
    let fields = conflicts(fields, live);
    (!fields.is_empty() && consents.conflicts == Consent::Withheld).then_some(Refusal::Conflict { fields })
}

/// The last writer of a field, if known.
pub(super) fn last_writer(path: &Path, live: &Value) -> Option<Author> {
    writers(path, live)
        .max_by_key(|manager| manager.time)
        .map(|manager| manager.author())
}

/// Why a field would change.
pub(super) fn cause(path: &Path, live: &Value, hash_is_current: bool) -> Cause {
    if field_managers::ours(live).is_some_and(|ours| ours.owns(path)) {
        return Cause::Configuration;
    }
    let by = last_writer(path, live);
    match (hash_is_current, by) {
        (true, by) => Cause::Drift { by },
        // The configuration has changed too, so whether we ever sent this field is unknown.
        (false, Some(by)) => Cause::TakenOver { by },
        (false, None) => Cause::Configuration,
    }
}

/// The foreign managers that own a field.
fn writers<'a>(path: &'a Path, live: &'a Value) -> impl Iterator<Item = Manager<'a>> {
    field_managers::managers(live).filter(|manager| !manager.is_of_this_program() && manager.owns(path))
}

/// The changed fields that another applier declares. It would declare them again after us.
fn conflicts(fields: &[FieldDrift], live: &Value) -> Vec<(String, Author)> {
    fields
        .iter()
        .filter(|drift| !matches!(drift.cause, Cause::Configuration | Cause::Removed { .. }))
        .filter_map(|drift| {
            let path = &drift.field.path;
            let applier = writers(path, live).find(|writer| writer.operation == Operation::Apply)?;
            Some((path.to_string(), applier.author()))
        })
        .collect()
}

/// Names the mark that was lost.
fn lost(lost_marks: &[FieldChange], hash_is_current: bool, live: &Value) -> String {
    let hash = marks::annotation(live, marks::STATE_HASH);
    let label_is_lost = lost_marks
        .iter()
        .any(|field| field.path.starts_with(&["metadata", "labels"]));
    if label_is_lost {
        "a label is missing".to_owned()
    } else if hash.is_none() {
        "the state hash is missing".to_owned()
    } else if !hash_is_current {
        "the state hash is of another configuration".to_owned()
    } else {
        "field ownership was lost".to_owned()
    }
}
