//! Carries a plan out: writes in the order of references, waits, deletes last.

mod delete;
pub mod event;
pub mod lock;
mod looks;
mod member;
pub mod outcome;
mod readiness;
pub mod remember;
mod replicas;
pub mod rights;
mod takeover;
mod undo;
mod upsert;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::plan::{Action, Change, Plan};
use crate::stack::Stack;
use looks::Looks;

pub use event::Event;
pub use lock::Fence;
pub use outcome::{Outcome, Trouble};

/// Longest wait of a run that waits for nothing: for the end of what has the name of something that is to be made.
const LONGEST_UNAVOIDABLE_WAIT: Duration = Duration::from_mins(2);

/// How an apply is carried out.
#[derive(Clone, Debug)]
pub struct Conduct {
    /// Whether objects are waited for.
    pub waiting: Waiting,
    /// Becomes true when the person at the keyboard wants an end: nothing new is begun then.
    pub stop: watch::Receiver<bool>,
    /// Closes when the lock is lost: nothing is written then. `None` where nobody else can be.
    pub fence: Option<Arc<Fence>>,
}

/// Whether objects are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Until all are ready or gone, this long in all.
    Until(Duration),
    /// Not at all.
    No,
}

/// What all parts of one run share.
struct Run<'a> {
    environment: &'a str,
    cluster: &'a Cluster,
    waiting: Waiting,
    begun: Instant,
    deadline: Option<Instant>,
    stop: watch::Receiver<bool>,
    fence: Option<Arc<Fence>>,
    events: mpsc::UnboundedSender<Event>,
    looks: Looks,
}

impl Run<'_> {
    fn is_stopped(&self) -> bool {
        *self.stop.borrow() || !self.holds_the_lock()
    }

    fn holds_the_lock(&self) -> bool {
        self.fence.as_ref().is_none_or(|fence| fence.is_open())
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more when the report has ended; the outcome still tells.
        let _ = self.events.send(event);
    }

    /// Waits until the deadline or the wish to stop; true when time is left.
    async fn pause(&self, duration: Duration) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            _ = stop.wait_for(|stop| *stop) => return false,
        }
        self.holds_the_lock() && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }
}

/// Carries `plan` out and tells `events` what happens. The plan must hold no refusal.
///
/// What cannot be written is in the outcome; objects that refer to it are left alone, all others are written.
pub async fn run(
    plan: &Plan,
    stack: &Stack,
    cluster: &Cluster,
    conduct: Conduct,
    events: mpsc::UnboundedSender<Event>,
) -> Outcome {
    let run = Run {
        environment: &plan.environment,
        cluster,
        waiting: conduct.waiting,
        begun: Instant::now(),
        deadline: match conduct.waiting {
            Waiting::Until(duration) => Instant::now().checked_add(duration),
            Waiting::No => Instant::now().checked_add(LONGEST_UNAVOIDABLE_WAIT),
        },
        stop: conduct.stop,
        fence: conduct.fence,
        events,
        looks: Looks::new(plan, stack),
    };
    let deletions = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete { .. }));
    let (first, last): (Vec<&Change>, Vec<&Change>) =
        deletions.partition(|change| change.is_first_deletion());
    let mut outcome = delete::run(&first, &run).await;
    if outcome.is_good() {
        outcome.merge(upsert::run(plan, stack, &run).await);
    }
    if outcome.is_good() {
        outcome.merge(delete::run(&last, &run).await);
    } else {
        for change in last {
            run.tell(Event::Skipped {
                id: change.id.clone(),
                because: None,
            });
            outcome.skipped += 1;
        }
    }
    outcome.unchanged = plan.unchanged.len();
    outcome.kept = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Keep { .. }))
        .count();
    outcome.interrupted = *run.stop.borrow();
    outcome.lost_lock = !run.holds_the_lock();
    outcome
}
