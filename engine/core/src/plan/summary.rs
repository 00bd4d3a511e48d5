//! A plan in numbers. Pure.

use std::fmt;

use serde::Serialize;

use super::{Action, Plan};

/// The number of objects for each action of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// To be created.
    pub create: usize,
    /// To be changed.
    pub change: usize,
    /// To be deleted and recreated.
    pub replace: usize,
    /// To be deleted.
    pub delete: usize,
    /// Not changed by an apply.
    pub unchanged: usize,
    /// To be adopted.
    pub adopt: usize,
    /// To have a mark restored.
    pub mark: usize,
    /// No longer declared, and kept.
    pub keep: usize,
    /// Refused.
    pub refuse: usize,
}

impl Summary {
    /// Counts a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut summary = Self {
            unchanged: plan.unchanged.len(),
            ..Self::default()
        };
        for change in &plan.changes {
            *match change.action {
                Action::Create { .. } => &mut summary.create,
                Action::Update { .. } => &mut summary.change,
                Action::Mark { .. } => &mut summary.mark,
                Action::Adopt { .. } => &mut summary.adopt,
                Action::Replace { .. } => &mut summary.replace,
                Action::Delete { .. } => &mut summary.delete,
                Action::Keep { .. } => &mut summary.keep,
                Action::Refuse { .. } => &mut summary.refuse,
            } += 1;
        }
        summary
    }
}

/// Formats the last line of a plan, without its first word and full stop.
impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} to create, {} to change, {} to replace, {} to delete, {} unchanged",
            self.create, self.change, self.replace, self.delete, self.unchanged
        )?;
        for (count, word) in [
            (self.adopt, "to adopt"),
            (self.mark, "to mark"),
            (self.keep, "kept"),
            (self.refuse, "refused"),
        ] {
            if count > 0 {
                write!(formatter, ", {count} {word}")?;
            }
        }
        Ok(())
    }
}
