//! Why a head is refused, and the internal request that stands for the refusal.

use salvo::http::{Method, StatusCode};

/// The method of internal requests; [`super::head`] refuses it from clients.
pub(super) const METHOD: &str = "-";

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A bare CR or LF.
    LineEnd,
    Control,
    RequestLine,
    Target,
    /// No name, obsolete line folding, or a space before the colon.
    Header,
    /// Repeated, or not a number.
    ContentLength,
    /// The final coding is not `chunked`.
    TransferEncoding,
    /// Both a length and a transfer coding.
    TwoFramings,
    /// The client closed the connection within the head.
    Incomplete,
    Slow,
    LongLine,
    LargeHead,
    ManyHeaders,
    /// A transfer coding other than `chunked`.
    Coding,
    Version,
}

impl Refusal {
    const ALL: [Self; 15] = [
        Self::LineEnd,
        Self::Control,
        Self::RequestLine,
        Self::Target,
        Self::Header,
        Self::ContentLength,
        Self::TransferEncoding,
        Self::TwoFramings,
        Self::Incomplete,
        Self::Slow,
        Self::LongLine,
        Self::LargeHead,
        Self::ManyHeaders,
        Self::Coding,
        Self::Version,
    ];

    /// Returns the refusal that an internal request stands for.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let name = path.strip_prefix("/refused/")?;
        let refusal = Self::ALL.into_iter().find(|refusal| refusal.name() == name)?;
        (method.as_str() == METHOD).then_some(refusal)
    }

    /// Returns the internal request for this refusal; it closes the connection.
    pub(super) fn request(self) -> String {
        let name = self.name();
        format!("{METHOD} /refused/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    }

    /// Returns the name in the internal request's path, which appears in the log.
    fn name(self) -> &'static str {
        self.properties().0
    }

    pub(crate) fn status(self) -> StatusCode {
        self.properties().1
    }

    /// Returns the message for the client.
    pub(crate) fn detail(self) -> &'static str {
        self.properties().2
    }

    #[rustfmt::skip]
    fn properties(self) -> (&'static str, StatusCode, &'static str) {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const LARGE: StatusCode = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        match self {
            Self::LineEnd => ("line-end", BAD, "every line of the request head must end with CR LF"),
            Self::Control => ("control-character", BAD, "the request head contains a control character"),
            Self::RequestLine => ("request-line", BAD, "malformed request line; expected a method, a target and a version"),
            Self::Target => ("target", BAD, "the request target is neither a path nor a URL"),
            Self::Header => ("header", BAD, "malformed header"),
            Self::ContentLength => ("content-length", BAD, "`Content-Length` must be a single number"),
            Self::TransferEncoding => ("transfer-encoding", BAD, "`Transfer-Encoding` must be `chunked`"),
            Self::TwoFramings => ("two-framings", BAD, "`Content-Length` and `Transfer-Encoding` cannot be combined"),
            Self::Incomplete => ("incomplete", BAD, "the connection ended before the request head was complete"),
            Self::Slow => ("slow", StatusCode::REQUEST_TIMEOUT, "the request head did not arrive in time"),
            Self::LongLine => ("long-line", StatusCode::URI_TOO_LONG, "the request line is longer than 8192 bytes"),
            Self::LargeHead => ("large-head", LARGE, "the request head is larger than 32768 bytes"),
            Self::ManyHeaders => ("many-headers", LARGE, "the request has more than 100 headers"),
            Self::Coding => ("coding", StatusCode::NOT_IMPLEMENTED, "`chunked` is the only supported transfer coding"),
            Self::Version => ("version", StatusCode::HTTP_VERSION_NOT_SUPPORTED, "unsupported HTTP version; use HTTP/1.1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_internal_requests_stand_for_a_refusal() {
        for refusal in Refusal::ALL {
            let request = refusal.request();
            let mut words = request.split(' ');
            let method = words.next().unwrap().parse().unwrap();
            let path = words.next().unwrap();
            assert_eq!(Refusal::of(&method, path), Some(refusal));
            assert_eq!(Refusal::of(&Method::GET, path), None);
        }
    }
}
