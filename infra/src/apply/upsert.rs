//! Writes the members of the stack that change, each as soon as what it refers to has come far enough, and waits for all.

use std::collections::{HashMap, VecDeque};

use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value;

use super::event::Event;
use super::outcome::{Outcome, Trouble};
use super::{Run, Waiting, member, readiness};
use crate::object::ObjectId;
use crate::plan::{Change, Plan};
use crate::stack::{Member, Stack, Until};
use crate::status;

/// Writes begun at once. The cluster module bounds those in flight; waiting ones would only take memory.
const AT_ONCE: usize = 32;

/// A member on its way.
struct Node<'a> {
    member: &'a Member,
    change: Option<&'a Change>,
    /// References that have not come far enough yet.
    open: usize,
    /// What it refers to that failed: then it is not written.
    because: Option<&'a ObjectId>,
    /// Who refers to it, and how far it must have come for them.
    dependents: Vec<(usize, Until)>,
}

/// How far a member has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Applied,
    Current,
    /// It was not written, so whatever refers to it must not be either.
    NotApplied,
    /// It is written and does not become current.
    NotCurrent,
}

/// All members, and those that can be written now.
struct Order<'a> {
    nodes: Vec<Node<'a>>,
    ready: VecDeque<usize>,
}

/// Writes all members that change and waits for all members.
pub(super) async fn run(plan: &Plan, stack: &Stack, run: &Run<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut order = Order::new(plan, stack, run.waiting);
    let mut writes = FuturesUnordered::new();
    let mut waits = FuturesUnordered::new();
    loop {
        while writes.len() < AT_ONCE
            && let Some(place) = order.ready.pop_front()
        {
            let Node {
                member,
                change,
                because,
                ..
            } = &order.nodes[place];
            let id = member.object.id();
            match (*change, *because) {
                (change, Some(because)) => {
                    if change.is_some() {
                        run.tell(Event::Skipped {
                            id: id.clone(),
                            because: Some(because.clone()),
                        });
                        outcome.skipped += 1;
                    }
                    order.advance(place, Step::NotApplied);
                }
                (Some(change), None) => {
                    writes.push(async move { (place, id, member::write(change, run).await) });
                }
                (None, None) => {
                    order.advance(place, Step::Applied);
                    if needs_wait(id, run) {
                        waits.push(wait(place, id, None, run));
                    } else {
                        order.advance(place, Step::Current);
                    }
                }
            }
        }
        tokio::select! {
            Some((place, id, written)) = writes.next() => match written {
                Ok(None) => order.advance(place, Step::NotApplied),
                Ok(Some((deed, applied))) => {
                    outcome.count(deed);
                    run.tell(Event::Done { id: id.clone(), deed });
                    order.advance(place, Step::Applied);
                    if needs_wait(id, run) {
                        // An answer that is not understood is asked for again.
                        waits.push(wait(place, id, applied.object().ok(), run));
                    } else {
                        order.advance(place, Step::Current);
                    }
                }
                Err(trouble) => {
                    fail(id, trouble, run, &mut outcome);
                    order.advance(place, Step::NotApplied);
                }
            },
            Some((place, id, waited)) = waits.next() => match waited {
                Ok(()) => order.advance(place, Step::Current),
                Err(trouble) => {
                    fail(id, trouble, run, &mut outcome);
                    order.advance(place, Step::NotCurrent);
                }
            },
            else => return outcome,
        }
    }
}

fn needs_wait(id: &ObjectId, run: &Run<'_>) -> bool {
    run.waiting != Waiting::No && status::has_rule(&id.kind)
}

async fn wait<'a>(
    place: usize,
    id: &'a ObjectId,
    live: Option<Value>,
    run: &Run<'_>,
) -> (usize, &'a ObjectId, Result<(), Trouble>) {
    (place, id, readiness::wait(id, live, run).await)
}

fn fail(id: &ObjectId, trouble: Trouble, run: &Run<'_>, outcome: &mut Outcome) {
    run.tell(Event::Failed {
        id: id.clone(),
        why: trouble.why().to_owned(),
    });
    outcome.troubles.push((id.clone(), trouble));
}

impl<'a> Order<'a> {
    fn new(plan: &'a Plan, stack: &'a Stack, waiting: Waiting) -> Self {
        let changes: HashMap<&ObjectId, &Change> =
            plan.changes.iter().map(|change| (&change.id, change)).collect();
        let members = stack.members.iter();
        let mut nodes: Vec<Node<'a>> = members
            .map(|member| Node {
                member,
                change: changes.get(member.object.id()).copied(),
                open: 0,
                because: None,
                dependents: Vec::new(),
            })
            .collect();
        let objects = stack.members.iter().map(|member| member.object.id()).enumerate();
        let places: HashMap<&ObjectId, usize> = objects.map(|(place, id)| (id, place)).collect();
        for (place, member) in stack.members.iter().enumerate() {
            for need in &member.needs {
                // A reference out of the stack is to something that is there by agreement.
                let Some(&needed) = places.get(&need.id) else {
                    continue;
                };
                let until = match waiting {
                    Waiting::Until(_) => need.until,
                    Waiting::No => Until::Applied,
                };
                nodes[needed].dependents.push((place, until));
                nodes[place].open += 1;
            }
        }
        let ready = (0..nodes.len()).filter(|&place| nodes[place].open == 0).collect();
        Self { nodes, ready }
    }

    /// Tells those that refer to a member how far it has come.
    fn advance(&mut self, place: usize, step: Step) {
        let id = self.nodes[place].member.object.id();
        let dependents = std::mem::take(&mut self.nodes[place].dependents);
        let (met, still_open): (Vec<_>, Vec<_>) = dependents.into_iter().partition(|(_, until)| match step {
            Step::Applied => *until == Until::Applied,
            Step::Current | Step::NotApplied | Step::NotCurrent => true,
        });
        self.nodes[place].dependents = still_open;
        for (dependent, _) in met {
            let node = &mut self.nodes[dependent];
            node.open -= 1;
            if matches!(step, Step::NotApplied | Step::NotCurrent) {
                node.because.get_or_insert(id);
            }
            if node.open == 0 {
                self.ready.push_back(dependent);
            }
        }
    }
}
