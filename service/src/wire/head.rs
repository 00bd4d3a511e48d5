//! Finds the end of a request head, validates it, and determines its body. Pure.

use httparse::{EMPTY_HEADER, Error, Header, Request, Status};
use salvo::http::uri::Uri;

use super::refusal::{METHOD, Refusal};

/// The minimum that RFC 9112 recommends (section 3).
const LINE_BYTES: usize = 8 * 1024;
/// Four long lines, about the default of common proxies.
const HEAD_BYTES: usize = 32 * 1024;
/// The limit of `hyper`, which must not be the first to refuse a head.
const HEADERS: usize = 100;

/// The body that follows a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Length(u64),
    Chunked,
}

/// Searches for the end of a head that arrives in pieces, without scanning a byte twice.
#[derive(Debug, Default)]
pub(super) struct Scan {
    searched: usize,
    has_line: bool,
}

impl Scan {
    /// Returns the length of the head, or `None` if it is incomplete.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        while let Some(&byte) = bytes.get(self.searched) {
            let after_cr = self.searched > 0 && bytes[self.searched - 1] == b'\r';
            match byte {
                b'\n' if after_cr => self.end_line(&bytes[..=self.searched])?,
                b'\n' => return Err(Refusal::LineEnd),
                _ if after_cr => return Err(Refusal::LineEnd),
                b'\r' | b'\t' | b' '..=b'~' | 0x80.. => {}
                _ => return Err(Refusal::Control),
            }
            self.searched += 1;
            if bytes[..self.searched].ends_with(b"\r\n\r\n") {
                return Ok(Some(self.searched));
            }
            if self.searched >= LINE_BYTES && !self.has_line {
                return Err(Refusal::LongLine);
            }
            if self.searched >= HEAD_BYTES {
                return Err(Refusal::LargeHead);
            }
        }
        Ok(None)
    }

    /// Checks the request line as soon as it is complete, so that other protocols fail fast.
    fn end_line(&mut self, head: &[u8]) -> Result<(), Refusal> {
        if self.has_line {
            return Ok(());
        }
        self.has_line = true;
        let mut headers = [EMPTY_HEADER; 0];
        match Request::new(&mut headers).parse(head) {
            Ok(_) => Ok(()),
            Err(error) => Err(refusal(error, head)),
        }
    }
}

/// Parses a complete head as `hyper` will, with stricter checks.
pub(super) fn inspect(head: &[u8]) -> Result<Body, Refusal> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut request = Request::new(&mut headers);
    match request.parse(head) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) => return Err(Refusal::Incomplete),
        Err(error) => return Err(refusal(error, head)),
    }
    let method = request.method.unwrap_or(METHOD);
    if method == METHOD {
        return Err(Refusal::RequestLine);
    }
    if !is_target(method, request.path.unwrap_or_default()) {
        return Err(Refusal::Target);
    }
    framing(request.headers, request.version == Some(1))
}

fn refusal(error: Error, head: &[u8]) -> Refusal {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    match error {
        Error::TooManyHeaders => Refusal::ManyHeaders,
        Error::HeaderName | Error::HeaderValue => Refusal::Header,
        Error::Version if names_a_version(line) => Refusal::Version,
        _ => Refusal::RequestLine,
    }
}

/// Tells `GET / HTTP/2.0` from `GET / nonsense`.
fn names_a_version(line: &[u8]) -> bool {
    let words: Vec<_> = line.split(|byte| *byte == b' ').collect();
    let [_, _, version] = words.as_slice() else {
        return false;
    };
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    version
        .strip_prefix(b"HTTP/")
        .is_some_and(|number| number.split(|byte| *byte == b'.').all(digits))
}

/// Accepts the four forms of RFC 9112, section 3.2, without a fragment.
fn is_target(method: &str, target: &str) -> bool {
    let Ok(uri) = target.parse::<Uri>() else {
        return false;
    };
    let is_plain = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let is_known = match method {
        "CONNECT" => uri.scheme().is_none() && uri.authority().is_some(),
        "OPTIONS" if target == "*" => true,
        _ if target.starts_with('/') => true,
        _ => matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some(),
    };
    is_plain && is_known
}

/// Determines the body's framing (RFC 9112, section 6.3), and refuses ambiguous heads.
fn framing(headers: &[Header<'_>], is_http_11: bool) -> Result<Body, Refusal> {
    let values = |name: &'static str| {
        headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    };
    let mut lengths = values("content-length");
    let codings: Vec<&[u8]> = values("transfer-encoding")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect();
    match (lengths.next(), codings.as_slice()) {
        (None, []) => Ok(Body::Length(0)),
        (Some(_), [_, ..]) => Err(Refusal::TwoFramings),
        (Some(length), []) if lengths.next().is_none() => content_length(length),
        (Some(_), []) => Err(Refusal::ContentLength),
        (None, [others @ .., last]) if is_http_11 && is_chunked(last) => match others {
            [] => Ok(Body::Chunked),
            others if others.iter().any(|coding| is_chunked(coding)) => Err(Refusal::TransferEncoding),
            _ => Err(Refusal::Coding),
        },
        (None, _) => Err(Refusal::TransferEncoding),
    }
}

fn is_chunked(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"chunked")
}

/// Accepts digits only; `str::parse` would accept a plus.
fn content_length(value: &[u8]) -> Result<Body, Refusal> {
    let number = value
        .iter()
        .all(u8::is_ascii_digit)
        .then(|| str::from_utf8(value).ok()?.parse::<u64>().ok())
        .flatten()
        // `hyper` reserves the largest numbers.
        .filter(|length| i64::try_from(*length).is_ok());
    number.map(Body::Length).ok_or(Refusal::ContentLength)
}

#[cfg(test)]
mod tests;
