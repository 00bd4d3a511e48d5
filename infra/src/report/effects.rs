//! Summarizes in one line how a plan affects running workloads. Pure.

use std::fmt;

use engine_core::plan::{Effect, Plan};
use serde::Serialize;

/// What the changes mean for what runs, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Effects {
    /// Workloads whose pods are replaced one after the other.
    pub(super) rolling_restarts: usize,
    /// Their pods.
    pub(super) restarted_pods: i64,
    /// Workloads that are away for a while, or for good.
    pub(super) outages: usize,
    /// Workloads whose number of pods changes.
    pub(super) scalings: usize,
    /// Claims whose data is lost.
    pub(super) data_losses: usize,
}

impl Effects {
    /// Counts the effects of a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut effects = Self::default();
        for effect in plan.changes.iter().flat_map(|change| &change.effects) {
            match effect {
                Effect::RollingRestart { pods } => {
                    effects.rolling_restarts += 1;
                    effects.restarted_pods += pods;
                }
                Effect::Outage { .. } => effects.outages += 1,
                Effect::Scale { .. } => effects.scalings += 1,
                Effect::DataLoss => effects.data_losses += 1,
            }
        }
        effects
    }

    /// The line of text output; `None` if no running workload is affected.
    pub(super) fn line(&self) -> Option<String> {
        (*self != Self::default()).then(|| format!("Effects: {self}."))
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pods = match self.restarted_pods {
            1 => " (1 pod)".to_owned(),
            pods => format!(" ({pods} pods)"),
        };
        let parts = [
            (
                self.rolling_restarts,
                ["rolling restart", "rolling restarts"],
                pods.as_str(),
            ),
            (self.outages, ["outage", "outages"], ""),
            (self.scalings, ["scale change", "scale changes"], ""),
            (self.data_losses, ["data loss", "data losses"], ""),
        ];
        let mut comma = "";
        for (count, [one, more], rest) in parts {
            if count > 0 {
                let word = if count == 1 { one } else { more };
                write!(formatter, "{comma}{count} {word}{rest}")?;
                comma = ", ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Service;

    use super::*;
    use engine_core::plan::{Action, Change};
    use engine_core::stack::id_of;

    fn check(effects: &[&[Effect]], expected: Option<&str>) {
        let id = id_of::<Service>(Some("app"), "api");
        let change = |effects: &&[Effect]| Change {
            effects: effects.to_vec(),
            ..Change::new(
                &id,
                Action::Delete {
                    uid: String::new(),
                    makes_way_for: None,
                },
            )
        };
        let plan = Plan {
            changes: effects.iter().map(change).collect(),
            ..Plan::default()
        };
        assert_eq!(Effects::of(&plan).line().as_deref(), expected);
    }

    #[test]
    fn effects_are_counted_over_all_changes() {
        let restart = |pods| Effect::RollingRestart { pods };
        let outage = Effect::Outage { what: "its pods end" };
        check(&[&[], &[]], None);
        check(&[&[restart(1)]], Some("Effects: 1 rolling restart (1 pod)."));
        check(
            &[&[restart(4), Effect::Scale { from: 1, to: 2 }], &[restart(2)]],
            Some("Effects: 2 rolling restarts (6 pods), 1 scale change."),
        );
        check(
            &[&[outage.clone(), Effect::DataLoss], &[outage]],
            Some("Effects: 2 outages, 1 data loss."),
        );
    }
}
