//! Formats a plan as text. Pure.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Verbosity, style};
use engine_core::object::FieldValue;
use engine_core::object::field_managers::Operation;
use engine_core::plan::{Action, Cause, Change, FieldDrift, Plan, Timing, reasons_to_replace};

/// Values longer than this, in characters, are cut.
const VALUE_WIDTH: usize = 72;

/// Formats the changes, one block each, and the notes.
pub(super) fn changes(plan: &Plan, verbosity: Verbosity) -> String {
    let mut lines: Vec<String> = plan
        .changes
        .iter()
        .enumerate()
        .map(|(place, change)| {
            let text = self::change(change, verbosity);
            match hint_below(&plan.changes, place) {
                Some(hint) => format!("{text}\n      {} {hint}", style::hint("hint:")),
                None => text,
            }
        })
        .collect();
    if verbosity == Verbosity::Verbose {
        let unchanged = plan.unchanged.iter();
        lines.extend(unchanged.map(|id| format!("  {} {id}", style::faint("= unchanged"))));
    }
    let notes = plan
        .notes
        .iter()
        .map(|note| format!("  {} {}: {}", style::faint("i note"), note.id, note.text));
    lines.extend(notes);
    lines.join("\n")
}

fn change(change: &Change, verbosity: Verbosity) -> String {
    let id = &change.id;
    let mut text = match &change.action {
        Action::Create { timing, .. } => {
            format!("  {} {id}{}", style::good("+ create"), before(timing))
        }
        Action::Update { .. } => format!("  {} {id}", style::changed("~ change")),
        Action::Adopt { .. } => format!("  {} {id}", style::changed("~ adopt")),
        Action::Replace { reasons, .. } => format!(
            "  {} {id}: {}",
            style::gone("-/+ replace"),
            reasons_to_replace(reasons)
        ),
        Action::Mark { lost, .. } => {
            format!(
                "  {} {id}: {lost}; its content is up to date",
                style::changed("~ mark")
            )
        }
        Action::Delete {
            makes_way_for: Some(successor),
            ..
        } => format!(
            "  {} {id} (before {successor}, which needs its node port)",
            style::gone("- delete")
        ),
        Action::Delete { .. } => format!("  {} {id}", style::gone("- delete")),
        Action::Keep { why } => format!("  {} {id}: {why}", style::faint("  keep")),
        Action::Refuse { why } => format!("  {} {id}: {why}", style::bad("! refuse")),
    };
    if !change.effects.is_empty() {
        let effects: Vec<String> = change.effects.iter().map(ToString::to_string).collect();
        let _ = write!(text, "  [{}]", style::warning(&effects.join(", ")));
    }
    for drift in change.fields() {
        let _ = write!(text, "\n{}", field(drift, verbosity));
    }
    text
}

/// The hint for the refusal at this position. A hint that several refusals share appears once, below the last of them.
pub(super) fn hint_below(changes: &[Change], place: usize) -> Option<&'static str> {
    let hint = |change: &Change| match &change.action {
        Action::Refuse { why } => Some(why.hint()),
        _ => None,
    };
    let said = hint(changes.get(place)?)?;
    let is_said_later = changes[place + 1..].iter().any(|later| hint(later) == Some(said));
    (!is_said_later).then_some(said)
}

fn before(timing: &Timing) -> String {
    match timing {
        Timing::Checked => String::new(),
        Timing::Unchecked { until } => format!(" (checked once {until} exists)"),
        Timing::AfterPredecessor { predecessor } => format!(" (after the deletion of {predecessor})"),
        Timing::AfterDeletion { finalizers } if finalizers.is_empty() => {
            " (after its pending deletion)".to_owned()
        }
        Timing::AfterDeletion { finalizers } => format!(
            " (after its pending deletion; finalizer `{}`)",
            finalizers.join("`, `")
        ),
    }
}

fn field(drift: &FieldDrift, verbosity: Verbosity) -> String {
    let field = &drift.field;
    let mut text = match (&field.live, &field.proposed) {
        (Some(FieldValue::Hidden), Some(_)) => format!("      {}: (value changes, not shown)", field.path),
        (live, proposed) => format!(
            "      {}: {} -> {}",
            field.path,
            side(live.as_ref(), verbosity),
            side(proposed.as_ref(), verbosity)
        ),
    };
    if let Cause::TakenOver { by } = &drift.cause {
        let note = format!("was set by {by}; the configuration now sets it");
        let _ = write!(text, "\n        {}", style::faint(&note));
    }
    if let Cause::Removed { by, why } = &drift.cause {
        let who = by
            .as_ref()
            .map_or_else(|| "an unknown manager".to_owned(), ToString::to_string);
        let note = format!("was set by {who}; apply removes it: {why}");
        let _ = write!(text, "\n        {}", style::faint(&note));
    }
    if let Cause::Drift { by } = &drift.cause {
        let is_declared = by
            .as_ref()
            .is_some_and(|author| author.operation == Operation::Apply);
        let verb = match (field.live.is_none(), is_declared) {
            (true, _) => "removed",
            (false, true) => "declared",
            (false, false) => "changed",
        };
        let who = match by {
            Some(author) => format!("{verb} by {author}"),
            None => format!("{verb} by an unknown manager"),
        };
        let mut note = format!("{who}; apply reverts it");
        if let Some(key) = drift.key {
            let _ = write!(note, ", `{key}` keeps it");
        }
        let _ = write!(text, "\n        {}", style::faint(&note));
    }
    text
}

fn side(value: Option<&FieldValue>, verbosity: Verbosity) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(FieldValue::Hidden) => "(not shown)".to_owned(),
        Some(FieldValue::Shown(value)) => shown(value, verbosity),
    }
}

fn shown(value: &Value, verbosity: Verbosity) -> String {
    let text = value.to_string();
    if verbosity == Verbosity::Verbose || text.chars().count() <= VALUE_WIDTH {
        return text;
    }
    let start: String = text.chars().take(VALUE_WIDTH).collect();
    format!("{start}…")
}
