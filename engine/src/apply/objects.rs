//! Writes the changed objects of the stack, each as soon as the objects it refers to allow it, and waits for all.

use std::collections::{HashMap, VecDeque};

use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value;

use super::event::Event;
use super::summary::{ObjectError, RunSummary};
use super::{Run, Waiting, wait, write};
use crate::cluster::Writer;
use engine_core::object::ObjectId;
use engine_core::plan::Change;
use engine_core::stack::{Stack, StackObject, Until};
use engine_core::status;

/// Number of concurrent writes. The cluster module limits the requests in flight; queued ones would only use memory.
const AT_ONCE: usize = 32;

/// An object and its progress.
struct Node<'a> {
    declared: &'a StackObject,
    write: Option<Write<'a>>,
    /// Number of references that are not ready for this object yet.
    open: usize,
    /// A failed object that it refers to; if set, the object is not written.
    because: Option<&'a ObjectId>,
    /// Objects that refer to it, and the step that they wait for.
    dependents: Vec<(usize, Until)>,
}

/// The progress of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Applied,
    Current,
    /// It was not written, so objects that refer to it must not be written either.
    NotApplied,
    /// It was written but does not become current.
    NotCurrent,
}

/// All objects, and the queue of those that can be written now.
struct Order<'a> {
    nodes: Vec<Node<'a>>,
    ready: VecDeque<usize>,
}

/// Writes all changed objects and waits for all objects.
pub(super) async fn write_and_wait(
    changes: &[Change],
    stack: &Stack,
    writer: Writer<'_>,
    run: &Run<'_>,
) -> RunSummary {
    let changes = changes.iter().map(|change| (&change.id, (change, writer)));
    drive(&changes.collect(), stack, run).await
}

/// Waits for all objects.
pub(super) async fn wait_for_all(stack: &Stack, run: &Run<'_>) -> RunSummary {
    drive(&HashMap::new(), stack, run).await
}

/// A change and the permission to write it.
type Write<'a> = (&'a Change, Writer<'a>);

async fn drive(changes: &HashMap<&ObjectId, Write<'_>>, stack: &Stack, run: &Run<'_>) -> RunSummary {
    let mut summary = RunSummary::default();
    let mut order = Order::new(changes, stack, run.waiting);
    let mut writes = FuturesUnordered::new();
    let mut waits = FuturesUnordered::new();
    loop {
        while writes.len() < AT_ONCE
            && let Some(place) = order.ready.pop_front()
        {
            let Node {
                declared,
                write,
                because,
                ..
            } = &order.nodes[place];
            let id = declared.object.id();
            match (*write, *because) {
                (write, Some(because)) => {
                    if let Some((change, _)) = write {
                        run.skip(change, Some(because), &mut summary);
                    }
                    order.advance(place, Step::NotApplied);
                }
                (Some((change, permission)), None) => {
                    writes.push(async move { (place, id, write::write(change, permission, run).await) });
                }
                (None, None) => {
                    order.advance(place, Step::Applied);
                    if needs_wait(id, run) {
                        waits.push(wait_for(place, id, None, run));
                    } else {
                        order.advance(place, Step::Current);
                    }
                }
            }
        }
        tokio::select! {
            Some((place, id, written)) = writes.next() => match written {
                Ok(None) => order.advance(place, Step::NotApplied),
                Ok(Some((outcome, applied))) => {
                    summary.count(outcome);
                    run.tell(Event::Done { id: id.clone(), outcome });
                    order.advance(place, Step::Applied);
                    if needs_wait(id, run) {
                        // If the response cannot be parsed, the wait reads the object again.
                        waits.push(wait_for(place, id, applied.object().ok(), run));
                    } else {
                        order.advance(place, Step::Current);
                    }
                }
                Err(error) => {
                    run.fail(id, error, &mut summary);
                    order.advance(place, Step::NotApplied);
                }
            },
            Some((place, id, waited)) = waits.next() => match waited {
                Ok(()) => order.advance(place, Step::Current),
                Err(error) => {
                    run.fail(id, error, &mut summary);
                    order.advance(place, Step::NotCurrent);
                }
            },
            else => return summary,
        }
    }
}

fn needs_wait(id: &ObjectId, run: &Run<'_>) -> bool {
    run.waiting != Waiting::No && status::has_rule(&id.kind)
}

async fn wait_for<'a>(
    place: usize,
    id: &'a ObjectId,
    live: Option<Value>,
    run: &Run<'_>,
) -> (usize, &'a ObjectId, Result<(), ObjectError>) {
    (place, id, wait::wait(id, live, run).await)
}

impl<'a> Order<'a> {
    fn new(writes: &HashMap<&ObjectId, Write<'a>>, stack: &'a Stack, waiting: Waiting) -> Self {
        let objects = stack.objects.iter();
        let mut nodes: Vec<Node<'a>> = objects
            .map(|declared| Node {
                declared,
                write: writes.get(declared.object.id()).copied(),
                open: 0,
                because: None,
                dependents: Vec::new(),
            })
            .collect();
        let objects = stack
            .objects
            .iter()
            .map(|declared| declared.object.id())
            .enumerate();
        let places: HashMap<&ObjectId, usize> = objects.map(|(place, id)| (id, place)).collect();
        for (place, declared) in stack.objects.iter().enumerate() {
            for need in &declared.needs {
                // A reference to an object outside of the stack is expected to exist already.
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

    /// Updates the objects that refer to an object with its progress.
    fn advance(&mut self, place: usize, step: Step) {
        let id = self.nodes[place].declared.object.id();
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
