//! Applies a plan: writes in the order of references, waits for readiness and deletes last.

pub mod access;
mod adopt;
mod delete;
pub mod event;
pub mod lock;
mod objects;
mod poller;
mod replicas;
pub mod summary;
mod undo;
mod wait;
mod write;

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::cluster::{Cluster, Writer};
use engine_core::object::ObjectId;
use engine_core::object::owner::Owner;
use engine_core::plan::{Action, Change, Plan};
use engine_core::stack::Stack;
use poller::Poller;

pub use event::{Event, Outcome};
pub use lock::Lock;
pub use summary::{ObjectError, RunSummary};

/// Longest wait of a run without waiting: it still waits until an object whose name is needed is gone.
const LONGEST_UNAVOIDABLE_WAIT: Duration = Duration::from_mins(2);

/// How a plan is applied.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to wait for objects.
    pub waiting: Waiting,
    /// Becomes true when the user wants to stop: from then on, nothing new is started.
    pub stop: watch::Receiver<bool>,
    /// Is true while the lock is held, when a stop must be orderly.
    pub writing: watch::Sender<bool>,
}

impl Options {
    /// Options for a run that nothing stops.
    #[must_use]
    pub fn new(waiting: Waiting) -> Self {
        Self {
            waiting,
            stop: watch::channel(false).1,
            writing: watch::Sender::new(false),
        }
    }
}

/// Whether, and how long, to wait for objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Wait until all are ready or gone, up to this total time.
    Until(Duration),
    /// Do not wait.
    No,
}

/// State shared by all parts of one run.
struct Run<'a> {
    owner: &'a Owner,
    cluster: &'a Cluster,
    waiting: Waiting,
    begun: Instant,
    deadline: Option<Instant>,
    stop: watch::Receiver<bool>,
    /// `None` in a run that writes nothing.
    writer: Option<Writer<'a>>,
    events: mpsc::UnboundedSender<Event>,
    poller: Poller,
}

impl<'a> Run<'a> {
    fn new(
        owner: &'a Owner,
        cluster: &'a Cluster,
        writer: Option<Writer<'a>>,
        poller: Poller,
        options: Options,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        let limit = match options.waiting {
            Waiting::Until(duration) => duration,
            Waiting::No => LONGEST_UNAVOIDABLE_WAIT,
        };
        let begun = Instant::now();
        Self {
            owner,
            cluster,
            waiting: options.waiting,
            begun,
            deadline: begun.checked_add(limit),
            stop: options.stop,
            writer,
            events,
            poller,
        }
    }

    fn is_stopped(&self) -> bool {
        *self.stop.borrow() || !self.holds_the_lock()
    }

    fn holds_the_lock(&self) -> bool {
        self.writer.is_none_or(|writer| writer.is_open())
    }

    fn tell(&self, event: Event) {
        // The receiver may be gone already; the summary still has everything.
        let _ = self.events.send(event);
    }

    fn skip(&self, change: &Change, because: Option<&ObjectId>, summary: &mut RunSummary) {
        self.tell(Event::Skipped {
            id: change.id.clone(),
            because: because.cloned(),
        });
        summary.skipped += 1;
    }

    fn fail(&self, id: &ObjectId, error: ObjectError, summary: &mut RunSummary) {
        self.tell(Event::Failed {
            id: id.clone(),
            why: error.why().to_owned(),
        });
        summary.errors.push((id.clone(), error));
    }

    /// Sleeps; returns false if the user stopped the run, the lock was lost or the deadline has passed.
    async fn pause(&self, duration: Duration) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            // Without a sender, the value never becomes true.
            Ok(_) = stop.wait_for(|stop| *stop) => return false,
        }
        self.holds_the_lock() && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }
}

/// Applies `plan` and reports to `events`. The plan must not contain refusals.
///
/// Objects that cannot be written are listed in the summary; objects that refer to them are skipped, all others are
/// written.
pub async fn run(
    plan: &Plan,
    stack: &Stack,
    writer: Writer<'_>,
    options: Options,
    events: mpsc::UnboundedSender<Event>,
) -> RunSummary {
    let poller = Poller::new(&plan.changes, stack, &plan.owner);
    let run = Run::new(
        &plan.owner,
        writer.cluster(),
        Some(writer),
        poller,
        options,
        events,
    );
    let deletions = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete { .. }));
    let (first, last): (Vec<&Change>, Vec<&Change>) =
        deletions.partition(|change| change.is_first_deletion());
    let mut summary = delete::run(&first, writer, &run).await;
    if summary.is_good() {
        summary.merge(objects::write_and_wait(&plan.changes, stack, writer, &run).await);
    }
    if summary.is_good() {
        summary.merge(delete::run(&last, writer, &run).await);
    } else {
        for change in last {
            run.skip(change, None, &mut summary);
        }
    }
    summary.kept = plan.kept().count();
    end(plan, &run, summary)
}

/// Waits until every object of the stack is ready, as [`run`] does after its writes, but writes nothing.
pub async fn wait(
    plan: &Plan,
    stack: &Stack,
    cluster: &Cluster,
    options: Options,
    events: mpsc::UnboundedSender<Event>,
) -> RunSummary {
    let poller = Poller::new(&[], stack, &plan.owner);
    let run = Run::new(&plan.owner, cluster, None, poller, options, events);
    let mut summary = objects::wait_for_all(stack, &run).await;
    summary.kept = plan.kept().count();
    end(plan, &run, summary)
}

fn end(plan: &Plan, run: &Run<'_>, mut summary: RunSummary) -> RunSummary {
    summary.unchanged = plan.unchanged.len();
    summary.interrupted = *run.stop.borrow();
    summary.lost_lock = !run.holds_the_lock();
    summary
}
