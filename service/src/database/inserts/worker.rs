//! The tasks that send what waits.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, timeout};

use super::queue::{PendingInsert, Queue};
use super::{Inserts, OPERATION};
use crate::database::admission::Slot;
use crate::database::call::CALL_TIMEOUT;
use crate::metrics::metrics;

/// Sends what waits until nothing does.
pub(super) struct Worker {
    inserts: Arc<Inserts>,
    /// The document for which it was started: a large one is sent before those that wait for other commands.
    assigned: Option<u64>,
    /// Whether it still stands among [`Queue::large_workers`].
    is_large: bool,
    /// Whether it was ever run; a runtime that ends drops a task without that.
    has_started: bool,
    /// Whether it still stands among [`Queue::workers`], from which a panic takes it too.
    is_registered: bool,
}

impl Worker {
    pub(super) fn new(inserts: &Arc<Inserts>, assigned: Option<u64>) -> Self {
        Self {
            inserts: Arc::clone(inserts),
            assigned,
            is_large: assigned.is_some(),
            has_started: false,
            is_registered: true,
        }
    }

    /// Sends `first`, where a slot was free at once, and then what waits.
    pub(super) async fn run(mut self, mut first: Option<(Slot, Vec<PendingInsert>)>) {
        self.has_started = true;
        loop {
            let (slot, batch) = if let Some(first) = first.take() {
                first
            } else {
                let slot = self.inserts.admission.acquire_unbounded().await;
                let Some(batch) = self.next_batch() else { return };
                (slot, batch)
            };
            let inserts = Arc::clone(&self.inserts);
            let mut storing = pin!(inserts.store(batch));
            if timeout(CALL_TIMEOUT, &mut storing).await.is_err() {
                // Nobody waits for this one any more, and nobody shall wait behind it.
                metrics().mongodb.record_failure(OPERATION, "timeout");
                self.retire();
                storing.await;
                return;
            }
            drop(slot);
        }
    }

    /// No longer counts; another sends what waits.
    fn retire(&mut self) {
        let inserts = Arc::clone(&self.inserts);
        let mut queue = inserts.queue();
        self.deregister(&mut queue);
        if !queue.waiting.is_empty() && queue.small_workers() < inserts.commands {
            queue.workers += 1;
            drop(queue);
            tokio::spawn(Self::new(&inserts, None).run(None));
        }
    }

    /// Has no large document of its own any more.
    fn clear_large(&mut self, queue: &mut Queue) {
        queue.large_workers -= usize::from(self.is_large);
        self.is_large = false;
    }

    /// Is none of the senders any more.
    fn deregister(&mut self, queue: &mut Queue) {
        self.clear_large(queue);
        queue.workers -= 1;
        self.is_registered = false;
    }

    /// Takes what goes with the next command; `None` ends the task, and whoever comes later starts another.
    fn next_batch(&mut self) -> Option<Vec<PendingInsert>> {
        let inserts = Arc::clone(&self.inserts);
        let mut queue = inserts.queue();
        if self.assigned.is_none() {
            self.clear_large(&mut queue);
        }
        // One of those that were started beside the others has done its part.
        let is_one_more = self.assigned.is_none() && queue.small_workers() > inserts.commands;
        if queue.waiting.is_empty() || is_one_more {
            self.deregister(&mut queue);
            return None;
        }
        Some(self.choose_batch(&mut queue))
    }

    /// Takes its own document, where it has one that still waits, else those at the front.
    pub(super) fn choose_batch(&mut self, queue: &mut Queue) -> Vec<PendingInsert> {
        match self.assigned.take().and_then(|assigned| queue.take_one(assigned)) {
            Some(mut pending) => {
                pending.leave_queue(Instant::now());
                vec![pending]
            }
            None => queue.take(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.is_registered {
            return;
        }
        // A successor that a runtime which ends has dropped at once has not begun.
        if self.has_started && std::thread::panicking() {
            metrics().mongodb.record_failure(OPERATION, "broken");
            self.retire();
        } else {
            let inserts = Arc::clone(&self.inserts);
            self.deregister(&mut inserts.queue());
        }
    }
}
