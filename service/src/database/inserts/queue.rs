//! What waits to be inserted, and what of it goes with the next command. Pure but for the clock.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use bson::{Bson, RawDocumentBuf};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::database::Failure;

/// Documents in one command. If it is cut off, nobody knows of any of them whether it is stored.
pub(super) const MAXIMUM_DOCUMENTS: usize = 32;

/// What their sizes may add up to, unless one alone is larger: a command of large documents would hold up small ones.
const MAXIMUM_BYTES: usize = 256 * 1024;

/// A larger document waits for no command that is under way: there is little to win by gathering those.
pub(super) const LARGE_BYTES: usize = 64 * 1024;

/// The documents that wait, and who is there to send them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<PendingInsert>,
    /// Tasks that send what waits.
    pub(super) workers: usize,
    /// Those among them that have a large document of their own to send.
    pub(super) large_workers: usize,
    /// How many documents have come so far.
    pub(super) count: u64,
}

impl Queue {
    pub(super) fn small_workers(&self) -> usize {
        self.workers - self.large_workers
    }

    /// Takes one document, wherever it waits.
    pub(super) fn take_one(&mut self, number: u64) -> Option<PendingInsert> {
        let position = self.waiting.iter().position(|pending| pending.number == number)?;
        self.waiting.remove(position)
    }

    /// Takes what goes with the next command.
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

/// A document on its way.
#[derive(Debug)]
pub(super) struct PendingInsert {
    pub(super) number: u64,
    pub(super) document: RawDocumentBuf,
    /// When it left the queue, for the one who waits for it.
    pub(super) taken: Arc<OnceLock<Instant>>,
    pub(super) reply: oneshot::Sender<Result<Bson, Failure>>,
    pub(super) queue_permit: Option<OwnedSemaphorePermit>,
    /// The memory that is kept for it and its copies.
    pub(super) reservation: Option<OwnedSemaphorePermit>,
}

impl PendingInsert {
    pub(super) fn leave_queue(&mut self, now: Instant) {
        // Nobody else sets it.
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

    /// Takes everything, and says how many documents each command had.
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
