//! Limits how many calls to MongoDB run and wait at once. Calls beyond the limits are refused instead of piling up.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{CALL_TIMEOUT, Failure};

/// The limits on concurrent calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `MONGODB_CALLS`, default 12: concurrent calls, including those whose client has already been answered. Fewer
    /// saturate MongoDB on half a CPU, and each costs it a connection, a thread and a megabyte.
    pub calls: NonZeroU32,
    /// `MONGODB_QUEUE`, default 256: requests waiting for a call slot. Each may hold a document of one megabyte.
    pub queue: u32,
    /// `MONGODB_LISTS`, default 64: full lists in progress. Each holds one MongoDB reply, up to 16 MiB, until its
    /// client has read it.
    pub lists: u32,
    /// `MONGODB_QUEUE_SECONDS`, default 1: how long a request waits for a call slot. Wait and call together stay below
    /// common client timeouts.
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

/// Slots reserved for lists in progress: inserts that wait for a lock must not break off a half-sent list.
const CONTINUATIONS: u32 = 3;

/// Grants call slots.
#[derive(Debug)]
pub(super) struct Admission {
    slots: Arc<Semaphore>,
    calls: usize,
    continuations: Arc<Semaphore>,
    lists: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    queue_timeout: Duration,
}

/// Permission for one call or one list. A call keeps its slot until it ends, even if its caller gives up earlier.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// Returns the pool size at which neither calls nor the ping wait for a connection.
pub(super) fn connections(limits: Limits) -> u32 {
    limits.calls.saturating_add(CONTINUATIONS + 1).get()
}

impl Admission {
    /// Reduces the number of calls to fit a smaller pool; a `pool_size` of 0 means unlimited.
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

    /// Waits up to the queue timeout for a call slot.
    pub(super) async fn acquire(&self) -> Result<Slot, Failure> {
        if let Some(slot) = self.try_acquire() {
            return Ok(slot);
        }
        let _permit = self.queue_permit()?;
        wait(&self.slots, self.queue_timeout).await
    }

    /// Reserves a place in the queue, or fails if the queue is full.
    pub(super) fn queue_permit(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|_| Failure::Overloaded)
    }

    /// Returns a slot if one is free.
    pub(super) fn try_acquire(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        Some(Slot { _permit: permit })
    }

    /// Waits for a slot without a timeout, for callers whose requests hold queue permits.
    pub(super) async fn acquire_unbounded(&self) -> Slot {
        match Arc::clone(&self.slots).acquire_owned().await {
            Ok(permit) => Slot { _permit: permit },
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    pub(super) fn queue_timeout(&self) -> Duration {
        self.queue_timeout
    }

    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// Waits up to the queue timeout to start a full list.
    pub(super) async fn acquire_list(&self) -> Result<Slot, Failure> {
        wait(&self.lists, self.queue_timeout).await
    }

    /// Waits longer for the next call of a list in progress, because its response can no longer turn into an error.
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
    async fn a_long_wait_is_refused() {
        let admission = admission(1);
        let _running = admission.acquire().await.unwrap();
        assert_eq!(admission.acquire().await.unwrap_err(), Failure::Overloaded);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_new_requests_but_not_lists_in_progress() {
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
