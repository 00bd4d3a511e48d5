//! Finds the end of a chunked body (RFC 9112, section 7.1). Its content is left to `hyper`. Pure.

/// The limit on extensions and trailers of one body; `hyper` has a similar one.
const EXTRA_BYTES: usize = 16 * 1024;

/// The body violates the chunked coding.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

#[derive(Clone, Copy, Debug)]
enum State {
    Size { digits: u8, size: u64 },
    Extension { size: u64 },
    SizeEnd { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastLf,
    Done,
}

/// Follows a chunked body that arrives in pieces.
#[derive(Debug)]
pub(super) struct Chunks {
    state: State,
    extra: usize,
}

const SIZE: State = State::Size { digits: 0, size: 0 };

impl Chunks {
    pub(super) fn new() -> Self {
        Self {
            state: SIZE,
            extra: 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Returns how many of the bytes belong to the body.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            if let State::Data { left } = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                let left = left - here as u64;
                at += here;
                self.state = if left == 0 {
                    State::DataCr
                } else {
                    State::Data { left }
                };
            } else {
                self.state = self.next(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    fn next(&mut self, byte: u8) -> Result<State, Malformed> {
        Ok(match (self.state, byte) {
            (State::Size { digits, size }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < 15 => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                State::Size {
                    digits: digits + 1,
                    size: size * 16 + u64::from(digit),
                }
            }
            (State::Size { digits: 1.., size }, b';') => State::Extension { size },
            (State::Size { digits: 1.., size } | State::Extension { size }, b'\r') => State::SizeEnd { size },
            (State::SizeEnd { size: 0 } | State::TrailerEnd, b'\n') => State::TrailerStart,
            (State::SizeEnd { size }, b'\n') => State::Data { left: size },
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => SIZE,
            (State::TrailerStart, b'\r') => State::LastLf,
            (State::Trailer, b'\r') => State::TrailerEnd,
            (State::LastLf, b'\n') => State::Done,
            (state @ State::Extension { .. }, b'\t' | b' '..=b'~' | 0x80..) => self.extra(state)?,
            (State::TrailerStart | State::Trailer, b'\t' | b' '..=b'~' | 0x80..) => {
                self.extra(State::Trailer)?
            }
            _ => return Err(Malformed),
        })
    }

    fn extra(&mut self, state: State) -> Result<State, Malformed> {
        self.extra += 1;
        if self.extra > EXTRA_BYTES {
            return Err(Malformed);
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the body byte by byte and whole, and checks where it ends.
    fn check(text: &str, expected: &Result<Option<usize>, Malformed>) {
        let mut chunks = Chunks::new();
        let mut at = 0;
        let result = text.as_bytes().chunks(1).try_for_each(|byte| {
            at += chunks.advance(byte)?;
            Ok(())
        });
        assert_eq!(
            &result.map(|()| chunks.is_done().then_some(at)),
            expected,
            "{text:?}"
        );
        let mut whole = Chunks::new();
        let whole = whole
            .advance(text.as_bytes())
            .map(|at| whole.is_done().then_some(at));
        assert_eq!(&whole, expected, "{text:?}");
    }

    #[test]
    fn the_exact_end_of_a_body_is_found() {
        check("0\r\n\r\nGET", &Ok(Some(5)));
        check("3\r\na\r\n\r\n0\r\n\r\n", &Ok(Some(13)));
        check("A;x=\"y\"\r\n0123456789\r\n000\r\nX: y\r\n\r\n0", &Ok(Some(34)));
        check("3\r\nabc\r\n0\r\n", &Ok(None));
        check("fffffffffffffff\r\nabc", &Ok(None));
    }

    #[test]
    fn ambiguous_chunks_are_refused() {
        for text in [
            "\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1 \r\n",
            "g\r\n",
            "1\na",
            "1\r\nab",
            "1\r\na\n",
            "1;\nx\r\n",
            "0\r\n\n",
            "0\r\nX: y\n\r\n",
            "0\r\n\r\r",
            "1000000000000000\r\n",
        ] {
            check(text, &Err(Malformed));
        }
        check(&format!("1;{}\r\n", "x".repeat(EXTRA_BYTES + 1)), &Err(Malformed));
    }
}
