//! Plans: what an apply would do, and why. Pure: computed from observations alone.

mod adopt;
pub mod change;
mod data;
mod drift;
mod effect;
mod foreign_fields;
pub mod gate;
mod port_release;
mod prune;
mod rank;
pub mod record;
mod refusal;
mod replace;
pub mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::object::owner::Owner;
use crate::object::path::Path;
use crate::object::{Object, ObjectId, field_managers, marks};
use crate::observation::{Check, Observation, Observations, State};
use crate::record::Record;
use crate::stack::Stack;

pub use crate::object::field_managers::Author;
pub use change::{Action, Cause, Change, Effect, FieldDrift, Handover, Note, Pods, Removal, Timing};
pub use gate::{AllowedEffects, EffectKind};
pub use rank::of_deletion as deletion_rank;
pub use refusal::{Refusal, reasons_to_replace};
pub use summary::Summary;

/// Everything an apply would do, in the order of display.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The environment and its stack.
    pub owner: Owner,
    /// The changes, refusals and kept objects.
    pub changes: Vec<Change>,
    /// Objects that an apply does not change.
    pub unchanged: Vec<ObjectId>,
    /// Remarks, such as foreign fields that stay.
    pub notes: Vec<Note>,
    /// LISTs that failed, in words: orphans may have been missed.
    pub gaps: Vec<String>,
}

/// What the user has agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consents {
    /// Fields that another applier declares may be taken over.
    pub conflicts: Consent,
    /// The database may start empty although there is data elsewhere.
    pub empty_database: Consent,
    /// Data may be deleted. Allows that loss of data, whatever `allowed` says.
    pub purge: Consent,
    /// Existing objects that nothing manages may be adopted.
    pub adopt: Consent,
    /// The effects that the plan may have.
    pub allowed: AllowedEffects,
}

/// Whether something was agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// It was not.
    #[default]
    Withheld,
    /// It was.
    Given,
}

impl Plan {
    /// Computes the plan. The plan of a destroy is the plan of an empty stack.
    #[must_use]
    pub fn new(stack: &Stack, record: &Record, observations: &Observations, consents: Consents) -> Self {
        let mut plan = Self {
            owner: record.owner.clone(),
            ..Self::default()
        };
        for (declared, observation) in stack.objects.iter().zip(&observations.objects) {
            let replicas = stack.autoscaled_minimum(&observation.id);
            plan.add_object(&declared.object, observation, replicas, observations, consents);
        }
        for change in &mut plan.changes {
            let id = change.id.clone();
            for drift in change.fields_mut() {
                drift.key = stack.key_of(&id, &drift.field.path);
            }
        }
        data::guard(&mut plan, stack, record, observations, consents);
        data::note_missing(&mut plan, stack, observations);
        prune::add(&mut plan, stack, record, observations, consents);
        port_release::resolve(&mut plan, stack, observations, consents);
        let stays = |note: &Note| {
            let of_object = plan.changes.iter().find(|change| change.id == note.id);
            of_object.is_none_or(|change| !matches!(change.action, Action::Replace { .. }))
        };
        let foreign: Vec<Note> = foreign_fields::notes(observations).filter(stays).collect();
        plan.notes.extend(foreign);
        gate::close(&mut plan, consents);
        plan
    }

    /// Whether nothing would be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes
            .iter()
            .all(|change| matches!(change.action, Action::Keep { .. }))
    }

    /// Lists the kept objects, each with the reason.
    pub fn kept(&self) -> impl Iterator<Item = (&ObjectId, &str)> {
        self.changes.iter().filter_map(|change| match &change.action {
            Action::Keep { why } => Some((&change.id, why.as_str())),
            _ => None,
        })
    }

    /// Whether another plan would do the same to the same objects.
    ///
    /// Ignores notes: foreign fields may change.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.objects_that_moved(other).is_empty()
    }

    /// Lists the objects for which another plan differs.
    #[must_use]
    pub fn objects_that_moved(&self, other: &Self) -> Vec<ObjectId> {
        let (ours, theirs) = (self.by_object(), other.by_object());
        let ids: BTreeSet<&ObjectId> = ours.keys().chain(theirs.keys()).copied().collect();
        let is_same = |id: &ObjectId| match (ours.get(id), theirs.get(id)) {
            (Some(Some(one)), Some(Some(other))) => one.does_the_same_as(other),
            (Some(None), Some(None)) => true,
            _ => false,
        };
        ids.into_iter().filter(|id| !is_same(id)).cloned().collect()
    }

    /// The change of each object; `None` for unchanged ones.
    fn by_object(&self) -> BTreeMap<&ObjectId, Option<&Change>> {
        let changes = self.changes.iter().map(|change| (&change.id, Some(change)));
        changes
            .chain(self.unchanged.iter().map(|id| (id, None)))
            .collect()
    }

    /// Lists the refusals.
    pub fn refusals(&self) -> impl Iterator<Item = (&ObjectId, &Refusal)> {
        self.changes.iter().filter_map(|change| match &change.action {
            Action::Refuse { why } => Some((&change.id, why)),
            _ => None,
        })
    }

    fn add_object(
        &mut self,
        object: &Object,
        observation: &Observation,
        autoscaled_minimum: Option<i32>,
        observations: &Observations,
        consents: Consents,
    ) {
        let refuse = |why: Refusal| Change::new(object.id(), Action::Refuse { why });
        let change = match &observation.state {
            State::Absent { check } => create(object, check, autoscaled_minimum),
            State::Terminating { finalizers } => Change::new(
                object.id(),
                Action::Create {
                    desired: object.clone(),
                    timing: Timing::AfterDeletion {
                        finalizers: finalizers.clone(),
                    },
                },
            )
            .with_handover(autoscaled_minimum),
            State::Refused { message } => refuse(Refusal::Rejected {
                message: message.clone(),
            }),
            State::Foreign { owner } => refuse(Refusal::Foreign { owner: owner.clone() }),
            State::Unadoptable { why } => refuse(Refusal::Unadoptable { why: why.clone() }),
            State::Adoptable {
                live,
                proposed,
                adoption,
            } => adopt::change(object, (live, proposed), adoption, autoscaled_minimum, consents),
            State::Immutable {
                live,
                recreated,
                fields,
            } => {
                let replacement = replace::Replacement {
                    object,
                    live,
                    recreated,
                    reasons: fields,
                };
                let (change, note) = replacement.change(autoscaled_minimum, &observations.claims, consents);
                self.notes.extend(note);
                change
            }
            // Lifted if the other Service is deleted; see `port_release`.
            State::Blocked { holder, message, .. } => refuse(Refusal::Rejected {
                message: format!("{message}; {holder} uses it"),
            }),
            State::Unknown { why } => refuse(Refusal::Unknown { why: why.clone() }),
            State::Unchanged { replicas } => {
                self.unchanged.push(object.id().clone());
                self.note_replicas(object.id(), *replicas, autoscaled_minimum, None);
                return;
            }
            State::Suspect { live, proposed } => {
                let change = drift::change(object, live, proposed, autoscaled_minimum, consents);
                self.note_replicas(
                    object.id(),
                    live["spec"]["replicas"].as_i64(),
                    autoscaled_minimum,
                    change.as_ref(),
                );
                let Some(change) = change else {
                    self.unchanged.push(object.id().clone());
                    return;
                };
                change
            }
            // Orphans are not declared; see `prune`.
            State::Orphaned { .. } => return,
        };
        self.changes.push(change);
    }

    /// Notes the autoscaler's number of replicas when it is handed over, or differs from the minimum.
    fn note_replicas(
        &mut self,
        id: &ObjectId,
        replicas: Option<i64>,
        autoscaled_minimum: Option<i32>,
        change: Option<&Change>,
    ) {
        let (Some(minimum), Some(replicas)) = (autoscaled_minimum, replicas) else {
            return;
        };
        let is_handed_over = change.is_some_and(|change| change.handover.is_some());
        let text = if is_handed_over {
            format!("spec.replicas is handed over to the autoscaler (now {replicas})")
        } else if replicas == i64::from(minimum) {
            return;
        } else {
            format!("spec.replicas is owned by the autoscaler (now {replicas})")
        };
        self.notes.push(Note { id: id.clone(), text });
    }
}

fn create(object: &Object, check: &Check, autoscaled_minimum: Option<i32>) -> Change {
    let timing = match check {
        Check::Accepted => Timing::Checked,
        Check::Later { until } => Timing::Unchecked { until: until.clone() },
    };
    Change::new(
        object.id(),
        Action::Create {
            desired: object.clone(),
            timing,
        },
    )
    .with_handover(autoscaled_minimum)
}

/// Whether our configuration owns the number of replicas, so that it drops to 1 if we stop sending it.
fn owns_replicas(live: &Value) -> bool {
    let replicas = Path::of(&["spec", "replicas"]);
    field_managers::ours(live).is_some_and(|ours| ours.owns(&replicas))
}

/// Whether a path is one of the marks that identify objects of this program.
fn is_mark(path: &Path) -> bool {
    path.starts_with(&["metadata", "annotations", marks::STATE_HASH])
        || path.starts_with(&["metadata", "labels", marks::ENVIRONMENT])
        || path.starts_with(&["metadata", "labels", marks::STACK])
}
