//! How many calls to MongoDB run and wait at once; what comes on top is refused instead of piling up.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{CALL_TIMEOUT, Failure};

/// The bounds of what is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `MONGODB_CALLS`, default 12: calls that run at once, those included whose caller has been answered. MongoDB on half
    /// a CPU is busy with fewer, and each costs it a connection, a thread and a megabyte.
    pub calls: NonZeroU32,
    /// `MONGODB_QUEUE`, default 256: requests that wait for their turn. Each may hold a document of a megabyte.
    pub queue: u32,
    /// `MONGODB_LISTS`, default 64: answers with all documents that are sent at once. Each holds a reply of MongoDB, of up
    /// to 16 MiB where documents are large, for as long as its client takes to read it.
    pub lists: u32,
    /// `MONGODB_QUEUE_SECONDS`, default 1: how long a request waits for its turn. With the call itself it stays below what
    /// clients wait for an answer.
    pub queue_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: NonZeroU32::new(12).unwrap_or(NonZeroU32::MIN),
            queue: 256,
            lists: 64,
            queue_timeout: Duration::from_secs(1),
        }
    }
}

/// Slots for answers that have begun: inserts that wait for a lock must not cut off a list that is half read.
const CONTINUATIONS: u32 = 3;

/// Hands out the right to call MongoDB.
#[derive(Debug)]
pub(super) struct Admission {
    slots: Arc<Semaphore>,
    calls: usize,
    continuations: Arc<Semaphore>,
    lists: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    queue_timeout: Duration,
}

/// The right to make one call, which ends with the call itself and not with the wait for it; or to send one list.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// Returns how many connections it takes that neither a call nor the ping has to wait for one.
pub(super) fn connections(limits: Limits) -> u32 {
    limits.calls.saturating_add(CONTINUATIONS + 1).get()
}

impl Admission {
    /// Lets fewer calls run where the pool is smaller than it should be; 0 stands for a pool without bounds.
    pub(super) fn new(limits: Limits, pool_size: u32) -> Self {
        let calls = match pool_size {
            0 => limits.calls.get(),
            bounded => bounded
                .saturating_sub(CONTINUATIONS + 1)
                .clamp(1, limits.calls.get()),
        };
        Self {
            slots: Arc::new(Semaphore::new(calls as usize)),
            calls: calls as usize,
            continuations: Arc::new(Semaphore::new(CONTINUATIONS as usize)),
            lists: Arc::new(Semaphore::new(limits.lists as usize)),
            queue: Arc::new(Semaphore::new(limits.queue as usize)),
            queue_timeout: limits.queue_timeout,
        }
    }

    /// Lets a new request in, after a wait where that is bearable.
    pub(super) async fn acquire(&self) -> Result<Slot, Failure> {
        if let Some(slot) = self.try_acquire() {
            return Ok(slot);
        }
        let _place = self.queue_permit()?;
        wait(&self.slots, self.queue_timeout).await
    }

    /// Returns a place in the queue, where there is one.
    pub(super) fn queue_permit(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|_| Failure::Overloaded)
    }

    /// Returns a slot where one is free and nobody waits for it.
    pub(super) fn try_acquire(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        Some(Slot { _permit: permit })
    }

    /// Waits for a turn without a bound, for somebody who has places in the queue.
    pub(super) async fn acquire_unbounded(&self) -> Slot {
        match Arc::clone(&self.slots).acquire_owned().await {
            Ok(permit) => Slot { _permit: permit },
            // Nobody closes the semaphore.
            Err(_) => std::future::pending().await,
        }
    }

    /// How long a request waits for its turn.
    pub(super) fn queue_timeout(&self) -> Duration {
        self.queue_timeout
    }

    /// How many calls may run at once.
    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// Lets an answer with all documents begin, after a wait where that is bearable; it ends with what is returned.
    pub(super) async fn acquire_list(&self) -> Result<Slot, Failure> {
        wait(&self.lists, self.queue_timeout).await
    }

    /// Lets a request go on whose answer has begun: it waits longer, as what is left of its answer cannot become an error.
    pub(super) async fn acquire_continuation(&self) -> Result<Slot, Failure> {
        wait(&self.continuations, CALL_TIMEOUT).await
    }
}

async fn wait(slots: &Arc<Semaphore>, time: Duration) -> Result<Slot, Failure> {
    match tokio::time::timeout(time, Arc::clone(slots).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(Slot { _permit: permit }),
        Ok(Err(_)) | Err(_) => Err(Failure::Overloaded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(queue: u32) -> Admission {
        let limits = Limits {
            calls: NonZeroU32::MIN,
            queue,
            lists: 1,
            queue_timeout: Duration::from_millis(20),
        };
        Admission::new(limits, connections(limits))
    }

    #[tokio::test]
    async fn who_waits_too_long_is_refused() {
        let admission = admission(1);
        let _running = admission.acquire().await.unwrap();
        assert_eq!(admission.acquire().await.unwrap_err(), Failure::Overloaded);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_but_lets_a_begun_answer_go_on() {
        let admission = admission(0);
        let _running = admission.acquire().await.unwrap();
        assert_eq!(admission.acquire().await.unwrap_err(), Failure::Overloaded);
        admission.acquire_continuation().await.unwrap();
    }

    #[tokio::test]
    async fn a_list_waits_for_the_end_of_another() {
        let admission = admission(0);
        let open = admission.acquire_list().await.unwrap();
        assert_eq!(admission.acquire_list().await.unwrap_err(), Failure::Overloaded);
        drop(open);
        admission.acquire_list().await.unwrap();
    }

    #[test]
    fn no_more_calls_are_let_in_than_the_pool_has_connections_for() {
        let check = |pool_size, calls| {
            let admission = Admission::new(Limits::default(), pool_size);
            assert_eq!(admission.slots.available_permits(), calls, "{pool_size}");
        };
        check(connections(Limits::default()), 12);
        check(0, 12);
        check(100, 12);
        check(8, 4);
        check(1, 1);
    }
}
