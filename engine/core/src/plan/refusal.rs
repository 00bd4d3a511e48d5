//! Reasons to refuse a plan, in words, and what to do next. Pure.

use std::fmt;

use super::change::FieldDrift;
use super::gate::{self, EffectKind};
use crate::object::field_managers::Author;
use crate::object::owner::Ownership;
use crate::object::{FieldChange, FieldValue, ObjectId};
use crate::observation::ImmutableField;

/// Why an object makes a plan refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The object exists, and the environment does not own it.
    Foreign {
        /// Its owner.
        owner: Ownership,
    },
    /// The object exists and cannot be adopted.
    Unadoptable {
        /// The obstacle, in words.
        why: String,
    },
    /// Only a replacement can change it, which needs consent.
    NeedsReplacement {
        /// The immutable fields, as the server names them.
        reasons: Vec<ImmutableField>,
        /// The changed fields among them.
        fields: Vec<FieldChange>,
    },
    /// Only a replacement can change it, which would lose data or its pod.
    Irreplaceable {
        /// The immutable fields, as the server names them.
        reasons: Vec<ImmutableField>,
        /// The changed fields among them.
        fields: Vec<FieldChange>,
        /// Why it cannot be replaced.
        why: String,
    },
    /// The change has effects that are not allowed.
    NotAllowed {
        /// The kinds of those effects, at least one.
        kinds: Vec<EffectKind>,
        /// The fields that would change.
        fields: Vec<FieldDrift>,
    },
    /// Another applier has declared fields of ours.
    Conflict {
        /// Each field, and the manager that declares it.
        fields: Vec<(String, Author)>,
    },
    /// The server rejects it.
    Rejected {
        /// The server's message.
        message: String,
    },
    /// The database would start without its data.
    StartsEmpty {
        /// Where the data is, in words.
        why: String,
    },
    /// The deletion of a workload would delete its data.
    TakesData {
        /// The claim with the data.
        claim: ObjectId,
    },
    /// The database would mount a claim that the environment does not own.
    ForeignData {
        /// The claim with the data.
        claim: ObjectId,
    },
    /// Its state could not be determined.
    Unknown {
        /// The error, in words.
        why: String,
    },
}

impl Refusal {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Foreign {
                owner: Ownership::Other { .. },
            } => {
                "was this environment renamed? Rename its file back, or destroy it under its old name first; two \
                 environments cannot share a namespace"
            }
            Self::Foreign { .. } => {
                "adopt it with --adopt, choose another name or namespace, or delete the object if it is not \
                 needed"
            }
            Self::Unadoptable { .. } => {
                "choose another name or namespace; to use existing data, name its claim in `existing_claim`"
            }
            Self::NeedsReplacement { .. } => {
                "undo that change, or delete and recreate the object with --replace"
            }
            Self::Irreplaceable { .. } => {
                "undo that change; to move to a new object, copy the data and name its claim in `existing_claim`"
            }
            Self::NotAllowed { kinds, .. } => gate::hint(kinds),
            Self::Conflict { .. } => {
                "remove the field from that manager's configuration, or take it over with --force-conflicts"
            }
            Self::Rejected { .. } => "fix what the server reports, then plan again",
            Self::StartsEmpty { .. } => {
                "restore the claim (if it is being deleted, copy the data while a pod still mounts it); if the \
                 data is not needed, apply with --confirm and the environment's name"
            }
            Self::TakesData { .. } => {
                "apply first, to set the claims' retention back to `Retain`, or destroy with --purge-data"
            }
            Self::ForeignData { .. } => {
                "give the database another namespace; or, if the environment was renamed, rename its file back"
            }
            Self::Unknown { .. } => "make the object visible to this user, then plan again",
        }
    }

    /// Whether it asks for a decision (exit code 6), as opposed to a failure (exit code 1).
    #[must_use]
    pub fn is_want_of_consent(&self) -> bool {
        !matches!(self, Self::Rejected { .. } | Self::Unknown { .. })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign {
                owner: Ownership::Foreign,
            } => formatter.write_str("it already exists and is not managed by this environment"),
            Self::Foreign { owner } => write!(formatter, "it belongs to {owner}"),
            Self::Unadoptable { why } => {
                write!(formatter, "it already exists and cannot be adopted: {why}")
            }
            Self::NeedsReplacement { reasons, fields } => write_immutable(formatter, reasons, fields),
            Self::Irreplaceable { reasons, fields, why } => {
                write_immutable(formatter, reasons, fields)?;
                write!(formatter, "; it cannot be replaced: {why}")
            }
            Self::NotAllowed { kinds, .. } => formatter.write_str(&gate::named(kinds)),
            Self::Conflict { fields } => {
                for (position, (path, author)) in fields.iter().enumerate() {
                    let comma = if position == 0 { "" } else { "; " };
                    write!(formatter, "{comma}`{path}` is declared by {author}")?;
                }
                Ok(())
            }
            Self::Rejected { message } => write!(formatter, "the server refuses it: {message}"),
            Self::StartsEmpty { why } => write!(formatter, "the database would start empty: {why}"),
            Self::TakesData { claim } => {
                write!(formatter, "{claim} and its data would be deleted with it")
            }
            Self::ForeignData { claim } => {
                write!(
                    formatter,
                    "it would mount {claim}, which this environment does not own"
                )
            }
            Self::Unknown { why } => formatter.write_str(why),
        }
    }
}

/// Says which fields cannot be changed in place.
#[must_use]
pub fn reasons_to_replace(reasons: &[ImmutableField]) -> String {
    let names: Vec<String> = reasons
        .iter()
        .map(|reason| {
            // The server lists the mutable fields instead of the changed ones.
            if reason.why.contains("fields other than") {
                format!("parts of `{}`", reason.field)
            } else {
                format!("`{}` ({})", reason.field, reason.why)
            }
        })
        .collect();
    format!("{} cannot be changed in place", names.join(", "))
}

/// The most fields that a refusal names.
const NAMED: usize = 3;

/// The longest value in a refusal, in characters.
const VALUE_WIDTH: usize = 72;

fn write_immutable(
    formatter: &mut fmt::Formatter<'_>,
    reasons: &[ImmutableField],
    fields: &[FieldChange],
) -> fmt::Result {
    formatter.write_str(&reasons_to_replace(reasons))?;
    for (position, field) in fields.iter().take(NAMED).enumerate() {
        let mark = if position == 0 { ": " } else { ", " };
        let (live, proposed) = (in_short(field.live.as_ref()), in_short(field.proposed.as_ref()));
        write!(formatter, "{mark}{} {live} -> {proposed}", field.path)?;
    }
    match fields.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => write!(formatter, " and {more} more"),
    }
}

fn in_short(value: Option<&FieldValue>) -> String {
    let text = match value {
        None => return "nothing".to_owned(),
        Some(FieldValue::Hidden) => return "(not shown)".to_owned(),
        Some(FieldValue::Shown(value)) => value.to_string(),
    };
    if text.chars().count() <= VALUE_WIDTH {
        return text;
    }
    let start: String = text.chars().take(VALUE_WIDTH).collect();
    format!("{start}…")
}
