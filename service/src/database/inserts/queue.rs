//! The queue of pending inserts, and the selection of the next batch. Pure but for the clock.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use bson::{Bson, RawDocumentBuf};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::database::Failure;

/// The maximum batch size in documents. If a command is cut off, the outcome of all its documents is unknown.
pub(super) const MAXIMUM_DOCUMENTS: usize = 32;

/// The maximum batch size in bytes, unless a single document is larger: large documents must not delay small ones.
const MAXIMUM_BYTES: usize = 256 * 1024;

/// Larger documents get their own command, because batching them gains little.
pub(super) const LARGE_BYTES: usize = 64 * 1024;

/// Pending inserts, and the workers that send them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<PendingInsert>,
    /// Running workers.
    pub(super) workers: usize,
    /// The workers among them that were started for a large document.
    pub(super) large_workers: usize,
    /// The number of documents queued so far, which numbers the next one.
    pub(super) count: u64,
}

impl Queue {
    pub(super) fn small_workers(&self) -> usize {
        self.workers - self.large_workers
    }

    /// Removes a document from anywhere in the queue.
    pub(super) fn take_one(&mut self, number: u64) -> Option<PendingInsert> {
        let position = self.waiting.iter().position(|pending| pending.number == number)?;
        self.waiting.remove(position)
    }

    /// Removes the next batch.
    pub(super) fn take(&mut self) -> Vec<PendingInsert> {
        let (now, mut bytes) = (Instant::now(), 0);
        let sizes = self
            .waiting
            .iter()
            .map(|pending| pending.document.as_bytes().len());
        let fitting = sizes.take(MAXIMUM_DOCUMENTS).take_while(|size| {
            bytes += size;
            bytes <= MAXIMUM_BYTES
        });
        let count = fitting.count().max(1).min(self.waiting.len());
        let taken = self.waiting.drain(..count).map(|mut pending| {
            pending.leave_queue(now);
            pending
        });
        taken.collect()
    }
}

/// A document waiting to be inserted.
#[derive(Debug)]
pub(super) struct PendingInsert {
    pub(super) number: u64,
    pub(super) document: RawDocumentBuf,
    /// When it left the queue, shared with its caller.
    pub(super) taken: Arc<OnceLock<Instant>>,
    pub(super) reply: oneshot::Sender<Result<Bson, Failure>>,
    pub(super) queue_permit: Option<OwnedSemaphorePermit>,
    /// The memory reserved for the document and its copies.
    pub(super) reservation: Option<OwnedSemaphorePermit>,
}

impl PendingInsert {
    pub(super) fn leave_queue(&mut self, now: Instant) {
        // Set only here.
        let _ = self.taken.set(now);
        self.queue_permit = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(number: u64, bytes: usize) -> PendingInsert {
        let mut document = RawDocumentBuf::new();
        document.append(bson::raw::cstr!("x"), "x".repeat(bytes));
        PendingInsert {
            number,
            document,
            taken: Arc::default(),
            reply: oneshot::channel().0,
            queue_permit: None,
            reservation: None,
        }
    }

    /// Empties the queue, and checks the batch sizes.
    fn check(sizes: &[usize], expected: &[usize]) {
        let mut queue = Queue::default();
        queue
            .waiting
            .extend((0..).zip(sizes).map(|(number, size)| pending(number, *size)));
        let mut order = Vec::new();
        let mut commands = Vec::new();
        while !queue.waiting.is_empty() {
            let taken = queue.take();
            assert!(taken.iter().all(|pending| pending.taken.get().is_some()));
            commands.push(taken.len());
            order.extend(taken.into_iter().map(|pending| pending.number));
        }
        assert_eq!(commands, expected);
        assert!(order.is_sorted());
        assert_eq!(order.len(), sizes.len());
    }

    #[test]
    fn a_command_has_a_bounded_number_of_documents_and_of_bytes() {
        check(&[], &[]);
        check(&[1], &[1]);
        check(&[1; MAXIMUM_DOCUMENTS + 1], &[MAXIMUM_DOCUMENTS, 1]);
        check(&[MAXIMUM_BYTES * 2, 1, 1], &[1, 2]);
        check(&[1, MAXIMUM_BYTES * 2, 1], &[1, 1, 1]);
        check(&[MAXIMUM_BYTES / 3; 5], &[2, 2, 1]);
    }
}
