//! Decides which of the received bytes `hyper` may read. Pure.

use std::vec::Drain;

use super::chunks::Chunks;
use super::head::{Body, Scan, inspect};
use super::refusal::Refusal;

/// What the connection's next bytes are.
#[derive(Debug)]
enum Expected {
    Head(Scan),
    Body {
        left: u64,
    },
    Chunks(Chunks),
    /// A chunked body is malformed, so the start of the next head is unknown.
    Broken,
    /// A head was refused; everything after it is ignored.
    Nothing,
}

/// What the caller has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Take the approved bytes.
    Take,
    /// Read more from the client.
    Read,
    /// Report a read error to `hyper`.
    Fail,
    /// Wait until `hyper` has written the last response.
    Wait,
}

/// The buffer between the client and `hyper`.
#[derive(Debug)]
pub(super) struct Filter {
    bytes: Vec<u8>,
    /// The number of leading bytes that `hyper` may read.
    approved: usize,
    expected: Expected,
}

impl Filter {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            approved: 0,
            expected: Expected::Head(Scan::default()),
        }
    }

    /// Tells whether a head is expected, which has a deadline.
    pub(super) fn expects_head(&self) -> bool {
        matches!(self.expected, Expected::Head(_)) && self.approved == 0
    }

    /// Tells whether nothing of a further request has arrived.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Tells whether the last request was read completely and nothing followed it.
    pub(super) fn is_idle(&self) -> bool {
        self.expects_head() && self.is_empty()
    }

    /// Adds bytes from the client.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Discards everything after the last answered request.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.approved = 0;
        self.expected = Expected::Nothing;
    }

    /// Takes up to `maximum` approved bytes.
    pub(super) fn take(&mut self, maximum: usize) -> Drain<'_, u8> {
        let taken = self.approved.min(maximum);
        self.approved -= taken;
        self.bytes.drain(..taken)
    }

    /// Replaces the buffer with the internal request for the refusal.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.bytes = refusal.request().into_bytes();
        self.approved = self.bytes.len();
        self.expected = Expected::Nothing;
    }

    /// Checks the bytes that are not yet approved.
    pub(super) fn step(&mut self) -> Step {
        if self.approved > 0 {
            return Step::Take;
        }
        match &mut self.expected {
            Expected::Head(scan) => {
                // RFC 9112, section 2.2: ignore empty lines before a request.
                let empty_lines = self.bytes.chunks(2).take_while(|line| *line == b"\r\n").count();
                if empty_lines > 0 {
                    self.bytes.drain(..2 * empty_lines);
                    *scan = Scan::default();
                }
                let head = match scan.advance(&self.bytes) {
                    Ok(None) => return Step::Read,
                    Ok(Some(length)) => inspect(&self.bytes[..length]).map(|body| (length, body)),
                    Err(refusal) => Err(refusal),
                };
                match head {
                    Ok((length, body)) => {
                        self.approved = length;
                        self.expected = match body {
                            Body::Length(0) => Expected::Head(Scan::default()),
                            Body::Length(left) => Expected::Body { left },
                            Body::Chunked => Expected::Chunks(Chunks::new()),
                        };
                    }
                    Err(refusal) => self.refuse(refusal),
                }
            }
            Expected::Body { left } => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(self.bytes.len());
                *left -= here as u64;
                self.approved = here;
                if *left == 0 {
                    self.expected = Expected::Head(Scan::default());
                }
            }
            Expected::Chunks(chunks) => {
                let Ok(here) = chunks.advance(&self.bytes) else {
                    self.expected = Expected::Broken;
                    return Step::Fail;
                };
                self.approved = here;
                if chunks.is_done() {
                    self.expected = Expected::Head(Scan::default());
                }
            }
            Expected::Broken => return Step::Fail,
            Expected::Nothing => return Step::Wait,
        }
        if self.approved > 0 { Step::Take } else { Step::Read }
    }
}

#[cfg(test)]
mod tests;
