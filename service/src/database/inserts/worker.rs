//! The tasks that send pending inserts.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, timeout};

use super::queue::{PendingInsert, Queue};
use super::{Inserts, OPERATION};
use crate::database::admission::Slot;
use crate::database::call::CALL_TIMEOUT;
use crate::metrics::metrics;

/// Sends batches until the queue is empty.
pub(super) struct Worker {
    inserts: Arc<Inserts>,
    /// The large document that this worker was started for; it goes first.
    assigned: Option<u64>,
    /// Whether this worker counts in [`Queue::large_workers`].
    is_large: bool,
    /// False if a runtime that shuts down drops the task before it runs.
    has_started: bool,
    /// Whether this worker counts in [`Queue::workers`].
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

    /// Sends `first`, if a slot was free, and then batches from the queue.
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
                // The callers have given up; pending inserts must not wait behind this command.
                metrics().mongodb.record_failure(OPERATION, "timeout");
                self.retire();
                storing.await;
                return;
            }
            drop(slot);
        }
    }

    /// Leaves the pool of workers, and starts a successor if documents wait.
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

    fn clear_large(&mut self, queue: &mut Queue) {
        queue.large_workers -= usize::from(self.is_large);
        self.is_large = false;
    }

    fn deregister(&mut self, queue: &mut Queue) {
        self.clear_large(queue);
        queue.workers -= 1;
        self.is_registered = false;
    }

    /// Returns the next batch, or `None` to end the task; a later insert starts another.
    fn next_batch(&mut self) -> Option<Vec<PendingInsert>> {
        let inserts = Arc::clone(&self.inserts);
        let mut queue = inserts.queue();
        if self.assigned.is_none() {
            self.clear_large(&mut queue);
        }
        // Surplus workers, started for a large document or a full queue, end here.
        let is_one_more = self.assigned.is_none() && queue.small_workers() > inserts.commands;
        if queue.waiting.is_empty() || is_one_more {
            self.deregister(&mut queue);
            return None;
        }
        Some(self.choose_batch(&mut queue))
    }

    /// Takes the assigned document if it is still queued, else the next batch.
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
        // A task dropped before it ran belongs to a runtime that shuts down; nothing can be started there.
        if self.has_started && std::thread::panicking() {
            metrics().mongodb.record_failure(OPERATION, "broken");
            self.retire();
        } else {
            let inserts = Arc::clone(&self.inserts);
            self.deregister(&mut inserts.queue());
        }
    }
}
