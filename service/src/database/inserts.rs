//! Batches inserts that wait.
//!
//! MongoDB confirms an insert once its journal is on disk, and many documents in one command cost little more than one.
//! So only a few commands run at once, and the documents that arrive meanwhile form the next one. No document waits for
//! others to arrive: if a command is free, it is sent alone.

mod queue;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bson::{Bson, RawDocumentBuf};
use mongodb::Collection;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::admission::Admission;
use super::call::{ABANDONED_CALL_TIMEOUT, CALL_TIMEOUT};
use super::connection::Connection;
use super::failure::{Failure, batch_failures, concerns_documents_only};
use super::health::HealthMonitor;
use crate::metrics::metrics;

use queue::{LARGE_BYTES, MAXIMUM_DOCUMENTS, PendingInsert, Queue};
use worker::Worker;

/// The metric label.
const OPERATION: &str = "insert";

/// Concurrent commands: MongoDB processes one while it writes its journal for the other.
const COMMANDS: usize = 2;

/// Stands in for a deadline that overflows.
const FAR_FUTURE: Duration = Duration::from_hours(24 * 365 * 10);

/// Collects documents and sends them in order of arrival.
#[derive(Debug)]
pub(super) struct Inserts {
    current: Arc<watch::Sender<Arc<Connection>>>,
    health: Arc<HealthMonitor>,
    admission: Arc<Admission>,
    commands: usize,
    queue: Mutex<Queue>,
}

impl Inserts {
    pub(super) fn new(
        current: Arc<watch::Sender<Arc<Connection>>>,
        health: Arc<HealthMonitor>,
        admission: Arc<Admission>,
    ) -> Self {
        Self {
            current,
            health,
            commands: COMMANDS.min(admission.calls()),
            admission,
            queue: Mutex::default(),
        }
    }

    /// Stores a document and returns its `_id`. A document that was sent outlives this future, because the driver
    /// closes the connection of a dropped call. `reservation` is held as long as the document.
    pub(super) async fn insert(
        self: &Arc<Self>,
        document: RawDocumentBuf,
        reservation: Option<OwnedSemaphorePermit>,
    ) -> Result<Bson, Failure> {
        self.health.ensure_available()?;
        let start = Instant::now();
        let taken = Arc::new(OnceLock::new());
        let (reply, mut answer) = oneshot::channel();
        let pending = PendingInsert {
            number: 0,
            document,
            taken: Arc::clone(&taken),
            reply,
            queue_permit: None,
            reservation,
        };
        let ticket = self.join(pending)?;

        let queue_end = start.checked_add(self.admission.queue_timeout());
        let queue_end = queue_end.unwrap_or(start + FAR_FUTURE);
        let mut end = queue_end.min(start + CALL_TIMEOUT);
        loop {
            match timeout_at(end, &mut answer).await {
                Ok(Ok(result)) => return result,
                // The worker panicked, or the process is shutting down.
                Ok(Err(_)) => return Err(Failure::OutcomeUnknown),
                Err(_) => {}
            }
            end = match taken.get() {
                Some(taken) if *taken + CALL_TIMEOUT <= end => return Err(Failure::OutcomeUnknown),
                Some(taken) => *taken + CALL_TIMEOUT,
                None if end < queue_end => queue_end.min(end + CALL_TIMEOUT),
                None if ticket.withdraw() => return Err(Failure::Overloaded),
                // A worker took it in the meantime.
                None => continue,
            };
        }
    }

    /// Queues a document, and starts a worker if none will get to it.
    fn join(self: &Arc<Self>, mut pending: PendingInsert) -> Result<Ticket<'_>, Failure> {
        let mut queue = self.queue();
        let calls = self.admission.calls();
        let is_large = pending.document.as_bytes().len() > LARGE_BYTES;
        let is_free = if is_large {
            queue.workers < calls
        } else {
            queue.small_workers() < self.commands
        };
        pending.queue_permit = if is_free {
            None
        } else {
            match self.admission.queue_permit() {
                Ok(permit) => Some(permit),
                // A short queue is full soon; one more command is better than a refusal.
                Err(_) if queue.workers < calls && queue.waiting.len() < MAXIMUM_DOCUMENTS => None,
                Err(failure) => return Err(failure),
            }
        };
        let has_turn = pending.queue_permit.is_none();
        let number = queue.count;
        queue.count += 1;
        pending.number = number;
        queue.waiting.push_back(pending);
        if has_turn {
            queue.workers += 1;
            queue.large_workers += usize::from(is_large);
            let mut worker = Worker::new(self, is_large.then_some(number));
            let slot = self.admission.try_acquire();
            let first = slot.map(|slot| (slot, worker.choose_batch(&mut queue)));
            // A runtime that shuts down drops a spawned task at once, and its destructor takes the lock.
            drop(queue);
            tokio::spawn(worker.run(first));
        }
        Ok(Ticket {
            inserts: self,
            number,
        })
    }

    /// Sends one command, and reports each document's outcome.
    async fn store(&self, batch: Vec<PendingInsert>) {
        let mut documents = Vec::with_capacity(batch.len());
        let mut replies = Vec::with_capacity(batch.len());
        let mut reservations = Vec::with_capacity(batch.len());
        for pending in batch {
            documents.push(pending.document);
            replies.push(pending.reply);
            reservations.push(pending.reservation);
        }
        let outcomes = match self.health.ensure_available() {
            Ok(()) => self.call(&documents).await,
            Err(failure) => vec![Err(failure); documents.len()],
        };
        drop((documents, reservations));
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // The client may be gone.
            let _ = reply.send(outcome);
        }
    }

    async fn call(&self, documents: &[RawDocumentBuf]) -> Vec<Result<Bson, Failure>> {
        let connection = Arc::clone(&self.current.borrow());
        let start = Instant::now();
        let result = timeout(ABANDONED_CALL_TIMEOUT, send(&connection.collection, documents)).await;
        metrics().mongodb.record_call(OPERATION, start.elapsed());
        match result {
            Ok(Ok(())) => documents.iter().map(id_of).collect(),
            Ok(Err(error)) => {
                // A late error was counted as a timeout.
                if start.elapsed() < CALL_TIMEOUT && !concerns_documents_only(&error) {
                    metrics().mongodb.record_failure(OPERATION, "error");
                }
                let failures = batch_failures(&error, documents.len(), &connection.addresses);
                let outcomes = failures.into_iter().zip(documents);
                outcomes
                    .map(|(failure, document)| failure.map_or_else(|| id_of(document), Err))
                    .collect()
            }
            // The callers have been answered already.
            Err(_) => vec![Err(Failure::OutcomeUnknown); documents.len()],
        }
    }

    /// A panic while the lock is held leaves only whole entries.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A queued document; dropping this removes it from the queue.
struct Ticket<'a> {
    inserts: &'a Inserts,
    number: u64,
}

impl Ticket<'_> {
    /// Removes the document from the queue; returns false if it has left already.
    fn withdraw(&self) -> bool {
        self.inserts.queue().take_one(self.number).is_some()
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

fn id_of(document: &RawDocumentBuf) -> Result<Bson, Failure> {
    let id = document.get("_id").ok().flatten();
    id.and_then(|id| Bson::try_from(id).ok()).ok_or(Failure::Internal)
}

async fn send(
    collection: &Collection<RawDocumentBuf>,
    documents: &[RawDocumentBuf],
) -> mongodb::error::Result<()> {
    // Unordered, so that a rejected document does not stop the others. Single documents take the same path, because the
    // driver's `insert_one` reports only part of a write error.
    collection.insert_many(documents).ordered(false).await.map(drop)
}
