//! Replacement of objects with immutable changes. Pure.

use serde_json::Value;

use super::change::{Action, Change, FieldDrift, Handover, Note, Pods};
use super::refusal::Refusal;
use super::{Consents, EffectKind, drift, effect, prune};
use crate::object::foreign_fields::foreign_fields;
use crate::object::path::{Path, PathElement};
use crate::object::{FieldChange, Kind, Object, field_managers, marks};
use crate::observation::{ImmutableField, LiveClaim};

/// An object that only a replacement can change.
pub(super) struct Replacement<'a> {
    pub(super) object: &'a Object,
    pub(super) live: &'a Value,
    /// The result of a dry-run create.
    pub(super) recreated: &'a Value,
    pub(super) reasons: &'a [ImmutableField],
}

impl Replacement<'_> {
    /// Plans the replacement; refuses it without consent, and where data would be lost.
    pub(super) fn change(
        &self,
        autoscaled_minimum: Option<i32>,
        claims: &[LiveClaim],
        consents: Consents,
    ) -> (Change, Option<Note>) {
        let id = self.object.id();
        let fields = self.fields(autoscaled_minimum);
        let refuse = |why: Refusal| (Change::new(id, Action::Refuse { why }), None);
        let pods = match self.pods(claims) {
            Ok(pods) => pods,
            Err(why) => {
                return refuse(Refusal::Irreplaceable {
                    reasons: self.reasons.to_vec(),
                    fields: self.immutable(&fields),
                    why,
                });
            }
        };
        if !consents.allowed.contains(EffectKind::Replace) {
            return refuse(Refusal::NeedsReplacement {
                reasons: self.reasons.to_vec(),
                fields: self.immutable(&fields),
            });
        }
        if let Some(why) = drift::conflict(&fields, self.live, consents) {
            return refuse(why);
        }
        let note = match (self.lost(), (pods == Pods::Stay).then(|| self.note(&fields))) {
            (Some(lost), Some(note)) => Some(Note {
                text: format!("{}; {lost}", note.text),
                ..note
            }),
            (Some(text), None) => Some(Note { id: id.clone(), text }),
            (None, note) => note,
        };
        let action = Action::Replace {
            desired: self.object.clone(),
            uid: marks::uid(self.live).to_owned(),
            reasons: self.reasons.to_vec(),
            fields,
            pods,
        };
        // The number that was live, not the one that a first apply starts with.
        let handover = autoscaled_minimum.map(|minimum| {
            let live = self.live["spec"]["replicas"].as_i64();
            Handover::AfterCreate(live.and_then(|live| i32::try_from(live).ok()).unwrap_or(minimum))
        });
        let change = Change {
            id: id.clone(),
            effects: effect::of(id, &action, self.live),
            action,
            handover,
        };
        (change, note)
    }

    /// The foreign fields that a replacement loses.
    fn lost(&self) -> Option<String> {
        let foreign = foreign_fields(self.live, &self.object.json());
        let fields: Vec<String> = foreign.into_iter().flat_map(|other| other.fields).collect();
        (!fields.is_empty()).then(|| format!("fields of other managers are lost: {}", fields.join(", ")))
    }

    /// The changes of our own fields: those we sent before, or send now.
    fn fields(&self, autoscaled_minimum: Option<i32>) -> Vec<FieldDrift> {
        let recreated = self.recreated;
        let hash_is_current = drift::has_current_hash(self.object, self.live);
        let (_, fields) = drift::changed(self.object, self.live, recreated, autoscaled_minimum);
        let is_ours =
            |object: &Value, path: &Path| field_managers::ours(object).is_some_and(|ours| ours.owns(path));
        fields
            .into_iter()
            .filter(|field| is_ours(self.live, &field.path) || is_ours(recreated, &field.path))
            .map(|field| FieldDrift {
                cause: drift::cause(&field.path, self.live, hash_is_current),
                field,
                key: None,
            })
            .collect()
    }

    /// The immutable ones among the changed fields; all of them when the server does not say.
    fn immutable(&self, fields: &[FieldDrift]) -> Vec<FieldChange> {
        let all = || fields.iter().map(|drift| drift.field.clone());
        let found: Vec<FieldChange> = all()
            .filter(|field| self.reasons.iter().any(|reason| covers(reason, &field.path)))
            .collect();
        if found.is_empty() { all().collect() } else { found }
    }

    /// Whether its pods end or stay; the error says why it must not be replaced.
    fn pods(&self, claims: &[LiveClaim]) -> Result<Pods, String> {
        let id = self.object.id();
        if holds_data(&id.kind) {
            return Err("it holds data".to_owned());
        }
        if !id.kind.is("apps", "StatefulSet") {
            return Ok(Pods::End);
        }
        if let Some(claim) = prune::claim_taken_along(id, claims) {
            return Err(format!("{claim} and its data would be deleted with it"));
        }
        let (before, after) = (mounted(self.live), mounted(self.recreated));
        if before != after {
            return Err(format!(
                "its data is in {}, and it would mount {}",
                in_words(&before),
                in_words(&after)
            ));
        }
        let labels = &self.live["spec"]["template"]["metadata"]["labels"];
        let selector = self.recreated["spec"]["selector"]["matchLabels"].as_object();
        let is_taken_over = selector.is_some_and(|selector| {
            selector
                .iter()
                .all(|(name, value)| labels.get(name) == Some(value))
        });
        if is_taken_over {
            Ok(Pods::Stay)
        } else {
            Err("its new selector does not match the existing pod, which keeps the name".to_owned())
        }
    }

    fn note(&self, fields: &[FieldDrift]) -> Note {
        let mut text = "its pod and claim stay and are taken over".to_owned();
        let concerns = |field: &str| {
            fields
                .iter()
                .any(|drift| drift.field.path.starts_with(&["spec", field]))
        };
        if concerns("volumeClaimTemplates") {
            text.push_str("; the claim keeps its size");
        }
        if concerns("serviceName") {
            text.push_str("; the pod gets its new DNS name at its next restart");
        }
        Note {
            id: self.object.id().clone(),
            text,
        }
    }
}

/// Whether deleting an object of this kind may delete data.
fn holds_data(kind: &Kind) -> bool {
    kind.is("", "PersistentVolumeClaim")
        || kind.is("", "PersistentVolume")
        || kind.is_namespace()
        || kind.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// The claims that a workload mounts, with the storage class of those that it creates.
fn mounted(workload: &Value) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let templates = workload["spec"]["volumeClaimTemplates"].as_array();
    let templates = templates.into_iter().flatten().map(|template| {
        let name = text(&template["metadata"]["name"]).unwrap_or_default();
        (
            format!("template {name}"),
            text(&template["spec"]["storageClassName"]),
        )
    });
    let volumes = workload["spec"]["template"]["spec"]["volumes"].as_array();
    let volumes = volumes
        .into_iter()
        .flatten()
        .filter_map(|volume| Some((text(&volume["persistentVolumeClaim"]["claimName"])?, None)));
    let mut mounted: Vec<_> = templates.chain(volumes).collect();
    mounted.sort();
    mounted
}

fn in_words(mounted: &[(String, Option<String>)]) -> String {
    let names: Vec<String> = mounted
        .iter()
        .map(|(name, class)| match class {
            Some(class) => format!("claim `{name}` (class `{class}`)"),
            None => format!("claim `{name}`"),
        })
        .collect();
    if names.is_empty() {
        "no claim".to_owned()
    } else {
        names.join(", ")
    }
}

/// Whether a server's reason is about this field.
fn covers(reason: &ImmutableField, path: &Path) -> bool {
    let fields: Vec<&str> = reason
        .field
        .split('.')
        .map(|part| part.split_once('[').map_or(part, |(name, _)| name))
        .collect();
    if !path.starts_with(&fields) {
        return false;
    }
    // The refusal of a whole spec lists its mutable fields.
    let Some((_, others)) = reason.why.split_once("fields other than") else {
        return true;
    };
    match path.0.get(fields.len()) {
        Some(PathElement::Field(name)) => !others.contains(&format!("'{name}'")),
        _ => true,
    }
}
