//! Why an object stands against carrying out a plan, in words, and what to do next. Pure.

use std::fmt;

use crate::object::field_managers::Author;
use crate::object::owner::Ownership;
use crate::object::{FieldChange, FieldValue, ObjectId};
use crate::observation::ImmutableField;

/// Why an object stands against carrying out a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The object is there and not this environment's.
    Foreign {
        /// Its owner.
        owner: Ownership,
    },
    /// The object is there, nobody's, and cannot become ours.
    Unadoptable {
        /// Why.
        why: String,
    },
    /// It would have to be deleted and made anew, which nobody has agreed to.
    NeedsReplacement {
        /// What cannot be changed in place.
        reasons: Vec<ImmutableField>,
        /// The fields that would change there.
        fields: Vec<FieldChange>,
    },
    /// It would have to be deleted and made anew, which is never done to it.
    Irreplaceable {
        /// What cannot be changed in place.
        reasons: Vec<ImmutableField>,
        /// The fields that would change there.
        fields: Vec<FieldChange>,
        /// Why it is not replaced.
        why: String,
    },
    /// Another applier has declared fields of ours.
    Conflict {
        /// The fields, and who declared them.
        fields: Vec<(String, Author)>,
    },
    /// The server does not take it.
    Rejected {
        /// Why, in the server's words.
        message: String,
    },
    /// The database would begin without its data.
    StartsEmpty {
        /// What is missing.
        why: String,
    },
    /// The data would be deleted along with its workload.
    TakesData {
        /// The claim with the data.
        claim: ObjectId,
    },
    /// The database would open data that is not this environment's.
    ForeignData {
        /// The claim with the data.
        claim: ObjectId,
    },
    /// It could not be looked at.
    Unknown {
        /// Why.
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
                "was this environment renamed? Rename its file back, or destroy it under its old name first; two that \
                 live side by side need namespaces of their own"
            }
            Self::Foreign { .. } => {
                "make it ours with --adopt, choose another name or namespace, or remove the object if nobody \
                 needs it"
            }
            Self::Unadoptable { .. } => {
                "choose another name or namespace; data that is there already is taken over with `existing_claim`"
            }
            Self::NeedsReplacement { .. } => {
                "undo that change, or have it deleted and made anew with --replace"
            }
            Self::Irreplaceable { .. } => {
                "undo that change; to begin anew elsewhere, copy the data and name its claim in `existing_claim`"
            }
            Self::Conflict { .. } => {
                "agree with that manager on who declares the field, or take it over with \
                 --force-conflicts"
            }
            Self::Rejected { .. } => "correct what the server says and plan again",
            Self::StartsEmpty { .. } => {
                "restore the claim (of one that is being deleted, copy the data while a pod still has it); or, if the \
                 data is not needed, apply with --confirm and the environment's name"
            }
            Self::TakesData { .. } => {
                "apply first, which sets the claims' retention back to `Retain`; or destroy with --purge-data"
            }
            Self::ForeignData { .. } => {
                "give the database another namespace; or, if the environment was renamed, rename its file back"
            }
            Self::Unknown { .. } => "make the object visible to this user, then plan again",
        }
    }

    /// Whether it is for want of consent (exit code 6), not a failure (exit code 1).
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
            } => formatter.write_str("it is there already, and not ours"),
            Self::Foreign { owner } => write!(formatter, "it belongs to {owner}"),
            Self::Unadoptable { why } => {
                write!(
                    formatter,
                    "it is there already, not ours, and cannot be adopted: {why}"
                )
            }
            Self::NeedsReplacement { reasons, fields } => write_immutable(formatter, reasons, fields),
            Self::Irreplaceable { reasons, fields, why } => {
                write_immutable(formatter, reasons, fields)?;
                write!(formatter, "; and it is not replaced, because {why}")
            }
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
                write!(formatter, "{claim} with its data would be deleted along with it")
            }
            Self::ForeignData { claim } => {
                write!(
                    formatter,
                    "it would mount {claim}, which is not this environment's"
                )
            }
            Self::Unknown { why } => formatter.write_str(why),
        }
    }
}

/// Says what cannot be changed in place.
#[must_use]
pub fn reasons_to_replace(reasons: &[ImmutableField]) -> String {
    let names: Vec<String> = reasons
        .iter()
        .map(|reason| {
            // A long list of what could have been changed says nothing about what was.
            if reason.why.contains("fields other than") {
                format!("all of `{}`", reason.field)
            } else {
                format!("`{}` ({})", reason.field, reason.why)
            }
        })
        .collect();
    format!("the server does not change {} in place", names.join(", "))
}

/// How many fields are named in a refusal.
const NAMED: usize = 3;

/// Longest value in a refusal, in characters.
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
