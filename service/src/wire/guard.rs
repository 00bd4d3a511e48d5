//! A connection that passes only valid requests, enforces deadlines, and closes without losing the last response.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use super::filter::{Filter, Step};
use super::refusal::Refusal;

/// The size of a read; most requests are smaller.
const READ_BYTES: usize = 8 * 1024;

/// How long a client that still sends may take to read its response. Closing a socket with unread bytes resets it, and
/// a reset can discard a response that the client has not read yet (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(2);

/// What the timer is running for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Stopped,
    /// Waiting for the first byte of a head.
    Idle,
    /// Waiting for the rest of a head.
    Head,
}

pub(crate) struct Guard<S> {
    stream: S,
    filter: Filter,
    head_timeout: Duration,
    clock: Clock,
    timer: Option<Pin<Box<Sleep>>>,
    is_shut: bool,
    /// The connection's share of the connection limit.
    _permit: OwnedSemaphorePermit,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    pub(crate) fn new(stream: S, head_timeout: Duration, permit: OwnedSemaphorePermit) -> Self {
        Self {
            stream,
            filter: Filter::new(),
            head_timeout,
            clock: Clock::Stopped,
            timer: None,
            is_shut: false,
            _permit: permit,
        }
    }

    /// Reads from the client; zero bytes mean the end.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
        let mut bytes = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut bytes))?;
        self.filter.push(bytes.filled());
        Poll::Ready(Ok(bytes.filled().len()))
    }

    /// Completes when a head is too slow. While it answers, `hyper` reads only if the request has a body, so a slow
    /// response does not use up the client's time.
    fn poll_time(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let clock = match (self.filter.expects_head(), self.filter.is_empty()) {
            (false, _) => Clock::Stopped,
            (true, true) => Clock::Idle,
            (true, false) => Clock::Head,
        };
        // Empty lines begin and end a head. The timer keeps running, or a client could stay forever by sending them.
        let goes_on = self.clock == Clock::Head && clock == Clock::Idle;
        if self.clock != clock && !goes_on {
            self.clock = clock;
            if clock != Clock::Stopped {
                self.start_timer(self.head_timeout);
            }
        }
        match &mut self.timer {
            Some(timer) if clock != Clock::Stopped => timer.as_mut().poll(context),
            _ => Poll::Pending,
        }
    }

    fn start_timer(&mut self, time: Duration) {
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(Instant::now() + time),
            None => self.timer = Some(Box::pin(tokio::time::sleep(time))),
        }
    }

    /// Discards what the client still sends, until it stops or the time is up.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(timer) = &mut self.timer
                && timer.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(());
            }
            match ready!(self.poll_fill(context)) {
                Ok(1..) => self.filter.clear(),
                Ok(0) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = &mut *self;
        loop {
            match guard.filter.step() {
                Step::Take => {
                    guard.clock = Clock::Stopped;
                    target.put_slice(guard.filter.take(target.remaining()).as_slice());
                    return Poll::Ready(Ok(()));
                }
                Step::Read => {}
                Step::Fail => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                // `hyper` writes the last response and then closes the connection without another read.
                Step::Wait => return Poll::Pending,
            }
            let read = match guard.poll_fill(context)? {
                Poll::Ready(read) => Some(read),
                Poll::Pending => None,
            };
            let refusal = match read {
                Some(1..) => continue,
                Some(0) => Refusal::Incomplete,
                None => {
                    ready!(guard.poll_time(context));
                    Refusal::Slow
                }
            };
            // No unsolicited response: a client may take it for the response to its next request.
            if guard.filter.is_empty() || !guard.filter.expects_head() {
                return Poll::Ready(Ok(()));
            }
            guard.filter.refuse(refusal);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            self.is_shut = true;
            if self.filter.is_idle() {
                return Poll::Ready(Ok(()));
            }
            self.start_timer(LINGER);
        }
        self.poll_linger(context).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
