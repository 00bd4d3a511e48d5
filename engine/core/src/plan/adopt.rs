//! Adoption of an object that nothing manages. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::{Action, Cause, Change, FieldDrift, Handover, Removal};
use super::refusal::Refusal;
use super::{Consent, Consents, drift, effect};
use crate::object::owner::Ownership;
use crate::object::path::{Path, PathElement, keys_agree};
use crate::object::{FieldChange, FieldValue, Object, marks};
use crate::observation::adoption::{Adoption, LAST_APPLIED};

/// Sources of volumes that hold copies only.
const DERIVED: [&str; 5] = ["configMap", "secret", "projected", "downwardAPI", "image"];

/// Plans the adoption; refuses it without consent, and where data would be lost.
pub(super) fn change(
    object: &Object,
    (live, proposed): (&Value, &Value),
    adoption: &Adoption,
    autoscaled_minimum: Option<i32>,
    consents: Consents,
) -> Change {
    let id = object.id();
    let refuse = |why: Refusal| Change::new(id, Action::Refuse { why });
    if consents.adopt == Consent::Withheld {
        return refuse(Refusal::Foreign {
            owner: Ownership::Foreign,
        });
    }
    if id.kind.is("apps", "StatefulSet")
        && consents.empty_database == Consent::Withheld
        && let Some(why) = other_data(live, proposed)
    {
        return refuse(Refusal::StartsEmpty { why });
    }
    let (_, fields) = drift::changed(object, live, proposed, autoscaled_minimum);
    let fields: Vec<FieldDrift> = fields
        .into_iter()
        .map(|field| field_drift(field, live, adoption))
        .collect();
    if let Some(why) = drift::conflict(&fields, live, consents) {
        return refuse(why);
    }
    let action = Action::Adopt {
        desired: object.clone(),
        uid: marks::uid(live).to_owned(),
        fields,
        excluded: adoption.excluded.clone(),
    };
    // Whichever manager set the number, an apply without it would let it drop to 1.
    let handover = autoscaled_minimum
        .and_then(|_| live["spec"]["replicas"].as_i64())
        .map(Handover::BeforeUpdate);
    Change {
        id: id.clone(),
        effects: effect::of(id, &action, live),
        action,
        handover,
    }
}

/// Whether a foreign value may be a password, by its place.
fn may_be_secret(path: &Path) -> bool {
    const PLACES: [&str; 3] = ["annotations", "args", "command"];
    let fields = || {
        path.0.iter().filter_map(|step| match step {
            PathElement::Field(name) => Some(name.as_str()),
            _ => None,
        })
    };
    // A variable that refers to a Secret reveals nothing.
    let is_variable = fields().any(|name| name == "env") && fields().next_back() == Some("value");
    is_variable || fields().any(|name| PLACES.contains(&name))
}

fn field_drift(mut field: FieldChange, live: &Value, adoption: &Adoption) -> FieldDrift {
    let by = drift::last_writer(&field.path, live);
    let cause = match removal(&field.path, adoption) {
        Some(why) if field.proposed.is_none() => Cause::Removed { by, why },
        _ => match by {
            Some(by) => Cause::TakenOver { by },
            None => Cause::Configuration,
        },
    };
    let is_foreign = !matches!(cause, Cause::Configuration);
    if is_copy(&field.path) || (is_foreign && may_be_secret(&field.path)) {
        field.live = field.live.map(|_| FieldValue::Hidden);
    }
    FieldDrift {
        field,
        cause,
        key: None,
    }
}

fn removal(path: &Path, adoption: &Adoption) -> Option<Removal> {
    if is_copy(path) {
        Some(Removal::Copy)
    } else if adoption.excluded.iter().any(|field| is_below(path, field)) {
        Some(Removal::Excluded)
    } else if adoption.removed.iter().any(|gone| path.0.starts_with(&gone.0)) {
        Some(Removal::History)
    } else {
        None
    }
}

fn is_copy(path: &Path) -> bool {
    path.starts_with(&["metadata", "annotations", LAST_APPLIED])
}

/// Whether a field is `excluded`, or below it. A plan may compare a list by position, or by other key fields than the server's.
fn is_below(path: &Path, excluded: &Path) -> bool {
    path.0.len() >= excluded.0.len()
        && path.0.iter().zip(&excluded.0).all(|elements| match elements {
            (PathElement::Index(_), _) => true,
            (PathElement::Key(key), PathElement::Key(other)) => keys_agree(key, other).unwrap_or(true),
            (element, other) => element == other,
        })
}

/// Says where the data of a workload is, if the adopted workload would look for it elsewhere.
fn other_data(live: &Value, proposed: &Value) -> Option<String> {
    let (before, after) = (data(live), data(proposed));
    let lost = before.difference(&after).next();
    let new = after.difference(&before).find(|volume| volume.is_claim());
    let named = |volume: Option<&Data>| volume.map_or_else(|| "no claim".to_owned(), ToString::to_string);
    match (lost, new) {
        (None, None) => None,
        (lost, new) => Some(format!(
            "it keeps its data in {}, and would mount {}",
            named(lost),
            named(new)
        )),
    }
}

/// A volume in which a workload may keep data.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Data {
    Claim(String),
    ClaimOfTemplate(String),
    Volume(String, String),
}

impl Data {
    fn is_claim(&self) -> bool {
        !matches!(self, Self::Volume(..))
    }
}

impl std::fmt::Display for Data {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Claim(name) => write!(formatter, "claim `{name}`"),
            Self::ClaimOfTemplate(name) => write!(formatter, "claims of template `{name}`"),
            Self::Volume(name, source) => write!(formatter, "volume `{name}` ({source})"),
        }
    }
}

fn data(workload: &Value) -> BTreeSet<Data> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let templates = items(&workload["spec"]["volumeClaimTemplates"])
        .iter()
        .map(|template| Data::ClaimOfTemplate(text(&template["metadata"]["name"])))
        .collect::<Vec<_>>();
    let volumes = items(&workload["spec"]["template"]["spec"]["volumes"]);
    let volumes = volumes.iter().filter_map(|volume| {
        let name = text(&volume["name"]);
        if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() {
            return Some(Data::Claim(claim.to_owned()));
        }
        let sources = volume.as_object()?.keys();
        let source = sources
            .filter(|source| *source != "name")
            .find(|source| !DERIVED.contains(&source.as_str()))?;
        Some(Data::Volume(name, source.clone()))
    });
    templates.into_iter().chain(volumes).collect()
}
