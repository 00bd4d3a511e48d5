//! Port release: an orphan goes first if its successor needs its node port. Pure.

use super::change::{Action, Change, Timing};
use super::{Consents, Plan, drift, effect};
use crate::observation::{Observations, State};
use crate::stack::Stack;

/// Lifts the refusals of objects whose node port becomes free, and puts the deletions that free them first.
pub(super) fn resolve(plan: &mut Plan, stack: &Stack, observations: &Observations, consents: Consents) {
    for (declared, observation) in stack.objects.iter().zip(&observations.objects) {
        let State::Blocked { holder, object, .. } = &observation.state else {
            continue;
        };
        let id = declared.object.id();
        let deletion = plan.changes.iter_mut().find(|change| change.id == *holder);
        let Some(Change {
            action: Action::Delete { makes_way_for, .. },
            effects,
            ..
        }) = deletion
        else {
            continue;
        };
        *makes_way_for = Some(id.clone());
        effects.push(effect::of_succession());
        let desired = &declared.object;
        let successor = match object {
            Some((live, proposed)) => drift::change(desired, live, proposed, None, consents),
            None => Some(Change::new(
                id,
                Action::Create {
                    desired: desired.clone(),
                    timing: Timing::AfterPredecessor {
                        predecessor: holder.clone(),
                    },
                },
            )),
        };
        let place = plan.changes.iter_mut().find(|change| change.id == *id);
        if let (Some(place), Some(successor)) = (place, successor) {
            *place = successor;
        }
    }
}
