//! Inserts that wait for their turn go to MongoDB together.
//!
//! MongoDB confirms an insert when its journal is on disk, and takes many documents in one command at little more than the
//! cost of one. So only a few commands run at once, and whatever has come meanwhile is the next one. Nobody waits for others:
//! a document that finds a command free goes by itself.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bson::{Bson, RawDocumentBuf};
use mongodb::Collection;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::admission::{Admission, Slot};
use super::call::{CALL_TIME, LONGEST_CALL};
use super::connection::Connection;
use super::failure::{Failure, is_about_documents, of_batch};
use super::pulse::Pulse;
use crate::metrics::metrics;

/// The name of these calls in the metrics.
const OPERATION: &str = "insert";

/// Commands at once: while MongoDB writes its journal for one, it works on another.
const COMMANDS: usize = 2;

/// Documents in one command. If it is cut off, nobody knows of any of them whether it is stored.
const MOST_DOCUMENTS: usize = 32;

/// What their sizes may add up to, unless one alone is larger: a command of large documents would hold up small ones.
const MOST_BYTES: usize = 256 * 1024;

/// A larger document waits for no command that is under way: there is little to win by gathering those.
const LARGE_BYTES: usize = 64 * 1024;

/// Longer than any process lives.
const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 10);

/// Gathers documents, and sends them in the order in which they came.
#[derive(Debug)]
pub(super) struct Inserts {
    current: Arc<watch::Sender<Arc<Connection>>>,
    pulse: Arc<Pulse>,
    admission: Arc<Admission>,
    /// How many commands may run at once.
    commands: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Tasks that send what waits.
    senders: usize,
    /// Those among them that have a large document of their own to send.
    large: usize,
    /// How many documents have come so far.
    count: u64,
}

impl State {
    fn small_senders(&self) -> usize {
        self.senders - self.large
    }

    /// Takes one document, wherever it waits.
    fn take_one(&mut self, number: u64) -> Option<Waiting> {
        let position = self.waiting.iter().position(|waiting| waiting.number == number)?;
        self.waiting.remove(position)
    }

    /// Takes what goes with the next command.
    fn take(&mut self) -> Vec<Waiting> {
        let (now, mut bytes) = (Instant::now(), 0);
        let sizes = self
            .waiting
            .iter()
            .map(|waiting| waiting.document.as_bytes().len());
        let fitting = sizes.take(MOST_DOCUMENTS).take_while(|size| {
            bytes += size;
            bytes <= MOST_BYTES
        });
        let count = fitting.count().max(1).min(self.waiting.len());
        let taken = self.waiting.drain(..count).map(|mut waiting| {
            waiting.leave_queue(now);
            waiting
        });
        taken.collect()
    }
}

/// A document on its way.
#[derive(Debug)]
struct Waiting {
    number: u64,
    document: RawDocumentBuf,
    /// When it left the queue, for the one who waits for it.
    taken: Arc<OnceLock<Instant>>,
    reply: oneshot::Sender<Result<Bson, Failure>>,
    place: Option<OwnedSemaphorePermit>,
    /// The memory that is kept for it and its copies.
    room: Option<OwnedSemaphorePermit>,
}

impl Waiting {
    fn leave_queue(&mut self, now: Instant) {
        // Nobody else sets it.
        let _ = self.taken.set(now);
        self.place = None;
    }
}

impl Inserts {
    pub(super) fn new(
        current: Arc<watch::Sender<Arc<Connection>>>,
        pulse: Arc<Pulse>,
        admission: Arc<Admission>,
    ) -> Self {
        Self {
            current,
            pulse,
            commands: COMMANDS.min(admission.calls()),
            admission,
            state: Mutex::default(),
        }
    }

    /// Stores a document and returns its `_id`. Once it is sent, it is not dropped with this future: the driver closes a
    /// connection whose call is dropped. `room` is held as long as the document.
    pub(super) async fn insert(
        self: &Arc<Self>,
        document: RawDocumentBuf,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<Bson, Failure> {
        self.pulse.allow()?;
        let begun = Instant::now();
        let taken = Arc::new(OnceLock::new());
        let (reply, mut answer) = oneshot::channel();
        let waiting = Waiting {
            number: 0,
            document,
            taken: Arc::clone(&taken),
            reply,
            place: None,
            room,
        };
        let ticket = self.join(waiting)?;

        // A time that no clock has is one that never comes.
        let queue_end = begun.checked_add(self.admission.queue_time());
        let queue_end = queue_end.unwrap_or(begun + FOR_EVER);
        let mut end = queue_end.min(begun + CALL_TIME);
        loop {
            match timeout_at(end, &mut answer).await {
                Ok(Ok(result)) => return result,
                // Its sender has panicked, or ends with the process.
                Ok(Err(_)) => return Err(Failure::OutcomeUnknown),
                Err(_) => {}
            }
            end = match taken.get() {
                Some(taken) if *taken + CALL_TIME <= end => return Err(Failure::OutcomeUnknown),
                Some(taken) => *taken + CALL_TIME,
                None if end < queue_end => queue_end.min(end + CALL_TIME),
                None if ticket.withdraw() => return Err(Failure::Overloaded),
                // It was taken in between.
                None => continue,
            };
        }
    }

    /// Puts a document into the queue, where there is a place, and sees to it that somebody sends it.
    fn join(self: &Arc<Self>, mut waiting: Waiting) -> Result<Ticket<'_>, Failure> {
        let mut state = self.state();
        let calls = self.admission.calls();
        let is_large = waiting.document.as_bytes().len() > LARGE_BYTES;
        let is_free = if is_large {
            state.senders < calls
        } else {
            state.small_senders() < self.commands
        };
        waiting.place = if is_free {
            None
        } else {
            match self.admission.place() {
                Ok(place) => Some(place),
                // The queue is a short one: rather one command more than a refusal.
                Err(_) if state.senders < calls && state.waiting.len() < MOST_DOCUMENTS => None,
                Err(failure) => return Err(failure),
            }
        };
        let has_turn = waiting.place.is_none();
        let number = state.count;
        state.count += 1;
        waiting.number = number;
        state.waiting.push_back(waiting);
        if has_turn {
            state.senders += 1;
            state.large += usize::from(is_large);
            let mut sender = Sender::new(self, is_large.then_some(number));
            let slot = self.admission.try_turn();
            let first = slot.map(|slot| (slot, sender.choose(&mut state)));
            // A runtime that ends drops what is spawned at once, which takes the lock.
            drop(state);
            tokio::spawn(sender.run(first));
        }
        Ok(Ticket {
            inserts: self,
            number,
        })
    }

    /// Sends one command, and tells everybody what became of their document.
    async fn store(&self, batch: Vec<Waiting>) {
        let mut documents = Vec::with_capacity(batch.len());
        let mut replies = Vec::with_capacity(batch.len());
        let mut rooms = Vec::with_capacity(batch.len());
        for waiting in batch {
            documents.push(waiting.document);
            replies.push(waiting.reply);
            rooms.push(waiting.room);
        }
        let outcomes = match self.pulse.allow() {
            Ok(()) => self.call(&documents).await,
            Err(failure) => vec![Err(failure); documents.len()],
        };
        drop((documents, rooms));
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // Whoever has gone need not know.
            let _ = reply.send(outcome);
        }
    }

    async fn call(&self, documents: &[RawDocumentBuf]) -> Vec<Result<Bson, Failure>> {
        let connection = Arc::clone(&self.current.borrow());
        let begun = Instant::now();
        let result = timeout(LONGEST_CALL, send(&connection.collection, documents)).await;
        metrics().mongodb.called(OPERATION, begun.elapsed());
        match result {
            Ok(Ok(())) => documents.iter().map(id_of).collect(),
            Ok(Err(error)) => {
                // A late one was counted when its time was up.
                if begun.elapsed() < CALL_TIME && !is_about_documents(&error) {
                    metrics().mongodb.failed(OPERATION, "error");
                }
                let failures = of_batch(&error, documents.len(), &connection.addresses);
                let outcomes = failures.into_iter().zip(documents);
                outcomes
                    .map(|(failure, document)| failure.map_or_else(|| id_of(document), Err))
                    .collect()
            }
            // Those who waited were told before.
            Err(_) => vec![Err(Failure::OutcomeUnknown); documents.len()],
        }
    }

    /// A panic inside the lock leaves whole entries behind.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A document's place in the queue, which it leaves when its request is given up.
struct Ticket<'a> {
    inserts: &'a Inserts,
    number: u64,
}

impl Ticket<'_> {
    /// Takes the document back; tells whether it was still there.
    fn withdraw(&self) -> bool {
        self.inserts.state().take_one(self.number).is_some()
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// Sends what waits until nothing does.
struct Sender {
    inserts: Arc<Inserts>,
    /// The document for which it was started: a large one is sent before those that wait for other commands.
    own: Option<u64>,
    /// Whether it still stands among [`State::large`].
    is_large: bool,
    has_begun: bool,
    /// Whether it still stands among [`State::senders`], from which a panic takes it too.
    is_counted: bool,
}

impl Sender {
    fn new(inserts: &Arc<Inserts>, own: Option<u64>) -> Self {
        Self {
            inserts: Arc::clone(inserts),
            own,
            is_large: own.is_some(),
            has_begun: false,
            is_counted: true,
        }
    }

    /// Sends `first`, where a slot was free at once, and then what waits.
    async fn run(mut self, mut first: Option<(Slot, Vec<Waiting>)>) {
        self.has_begun = true;
        loop {
            let (slot, batch) = if let Some(first) = first.take() {
                first
            } else {
                let slot = self.inserts.admission.turn().await;
                let Some(batch) = self.take() else { return };
                (slot, batch)
            };
            let inserts = Arc::clone(&self.inserts);
            let mut storing = pin!(inserts.store(batch));
            if timeout(CALL_TIME, &mut storing).await.is_err() {
                // Nobody waits for this one any more, and nobody shall wait behind it.
                metrics().mongodb.failed(OPERATION, "timeout");
                self.leave();
                storing.await;
                return;
            }
            drop(slot);
        }
    }

    /// No longer counts; another sends what waits.
    fn leave(&mut self) {
        let inserts = Arc::clone(&self.inserts);
        let mut state = inserts.state();
        self.small(&mut state);
        self.is_counted = false;
        if state.waiting.is_empty() || state.small_senders() > inserts.commands {
            state.senders -= 1;
        } else {
            drop(state);
            tokio::spawn(Self::new(&inserts, None).run(None));
        }
    }

    /// Has no large document of its own any more.
    fn small(&mut self, state: &mut State) {
        state.large -= usize::from(self.is_large);
        self.is_large = false;
    }

    /// Takes what goes with the next command; `None` ends the task, and whoever comes later starts another.
    fn take(&mut self) -> Option<Vec<Waiting>> {
        let inserts = Arc::clone(&self.inserts);
        let mut state = inserts.state();
        if self.own.is_none() {
            self.small(&mut state);
        }
        // One of those that were started beside the others has done its part.
        let is_one_more = self.own.is_none() && state.small_senders() > inserts.commands;
        if state.waiting.is_empty() || is_one_more {
            self.small(&mut state);
            state.senders -= 1;
            self.is_counted = false;
            return None;
        }
        Some(self.choose(&mut state))
    }

    fn choose(&mut self, state: &mut State) -> Vec<Waiting> {
        match self.own.take().and_then(|own| state.take_one(own)) {
            Some(mut waiting) => {
                waiting.leave_queue(Instant::now());
                vec![waiting]
            }
            None => state.take(),
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if !self.is_counted {
            return;
        }
        // A successor that a runtime which ends has dropped at once has not begun.
        if self.has_begun && std::thread::panicking() {
            metrics().mongodb.failed(OPERATION, "broken");
            self.leave();
        } else {
            let inserts = Arc::clone(&self.inserts);
            let mut state = inserts.state();
            self.small(&mut state);
            state.senders -= 1;
        }
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
    // A document that is refused does not keep the others out. One alone goes this way too: of what is wrong with it, the
    // driver's `insert_one` tells only a part.
    collection.insert_many(documents).ordered(false).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(number: u64, bytes: usize) -> Waiting {
        let mut document = RawDocumentBuf::new();
        document.append(bson::raw::cstr!("x"), "x".repeat(bytes));
        Waiting {
            number,
            document,
            taken: Arc::default(),
            reply: oneshot::channel().0,
            place: None,
            room: None,
        }
    }

    /// Takes everything, and says how many documents each command had.
    fn check(sizes: &[usize], expected: &[usize]) {
        let mut state = State::default();
        state
            .waiting
            .extend((0..).zip(sizes).map(|(number, size)| waiting(number, *size)));
        let mut order = Vec::new();
        let mut commands = Vec::new();
        while !state.waiting.is_empty() {
            let taken = state.take();
            assert!(taken.iter().all(|waiting| waiting.taken.get().is_some()));
            commands.push(taken.len());
            order.extend(taken.into_iter().map(|waiting| waiting.number));
        }
        assert_eq!(commands, expected);
        assert!(order.is_sorted());
        assert_eq!(order.len(), sizes.len());
    }

    #[test]
    fn a_command_has_a_bounded_number_of_documents_and_of_bytes() {
        check(&[], &[]);
        check(&[1], &[1]);
        check(&[1; MOST_DOCUMENTS + 1], &[MOST_DOCUMENTS, 1]);
        check(&[MOST_BYTES * 2, 1, 1], &[1, 2]);
        check(&[1, MOST_BYTES * 2, 1], &[1, 1, 1]);
        check(&[MOST_BYTES / 3; 5], &[2, 2, 1]);
    }
}
