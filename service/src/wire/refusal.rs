//! Why a head is refused, and the request that stands for it.

use salvo::http::{Method, StatusCode};

/// The method of a request that stands for a refused one; [`super::head`] refuses it when it comes from outside.
pub(super) const METHOD: &str = "-";

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A CR or LF stands alone.
    LineEnd,
    /// A byte that no head may hold.
    Control,
    /// Not a method, a target and a version.
    RequestLine,
    /// A target that is neither a path nor a URL.
    Target,
    /// A header without a name, or folded, or with a space before its colon.
    Header,
    /// More than one length, or one that is no number.
    ContentLength,
    /// A transfer coding that does not tell where the body ends.
    TransferEncoding,
    /// Both of them.
    TwoFramings,
    /// The client ended the connection inside the head.
    Incomplete,
    /// The head took too long.
    Slow,
    /// The request line is too long.
    LongLine,
    /// The head is too large.
    LargeHead,
    /// There are too many headers.
    ManyHeaders,
    /// A transfer coding besides `chunked`.
    Coding,
    /// Another version of HTTP.
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

    /// Returns the refusal that a request stands for.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let name = path.strip_prefix("/refused/")?;
        let refusal = Self::ALL.into_iter().find(|refusal| refusal.name() == name)?;
        (method.as_str() == METHOD).then_some(refusal)
    }

    /// Returns the request that stands for this refusal; it ends the connection.
    pub(super) fn request(self) -> String {
        let name = self.name();
        format!("{METHOD} /refused/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    }

    /// Returns what stands in the log as the path.
    fn name(self) -> &'static str {
        match self {
            Self::LineEnd => "line-end",
            Self::Control => "control-character",
            Self::RequestLine => "request-line",
            Self::Target => "target",
            Self::Header => "header",
            Self::ContentLength => "content-length",
            Self::TransferEncoding => "transfer-encoding",
            Self::TwoFramings => "two-framings",
            Self::Incomplete => "incomplete",
            Self::Slow => "slow",
            Self::LongLine => "long-line",
            Self::LargeHead => "large-head",
            Self::ManyHeaders => "many-headers",
            Self::Coding => "coding",
            Self::Version => "version",
        }
    }

    /// Returns the status of the answer.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::LineEnd
            | Self::Control
            | Self::RequestLine
            | Self::Target
            | Self::Header
            | Self::ContentLength
            | Self::TransferEncoding
            | Self::TwoFramings
            | Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::LongLine => StatusCode::URI_TOO_LONG,
            Self::LargeHead | Self::ManyHeaders => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Coding => StatusCode::NOT_IMPLEMENTED,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    /// Returns what the client is told.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::LineEnd => "each line of the head must end by CR LF",
            Self::Control => "the head holds a control character",
            Self::RequestLine => "the request line must be a method, a target and a version",
            Self::Target => "the target of the request is neither a path nor a URL",
            Self::Header => "a header is malformed",
            Self::ContentLength => "`Content-Length` must be one number",
            Self::TransferEncoding => "`Transfer-Encoding` must be `chunked`",
            Self::TwoFramings => "`Content-Length` and `Transfer-Encoding` must not stand in one request",
            Self::Incomplete => "the request ended before its head was complete",
            Self::Slow => "the head of the request did not arrive in time",
            Self::LongLine => "the request line is longer than 8192 bytes",
            Self::LargeHead => "the head of the request is larger than 32768 bytes",
            Self::ManyHeaders => "the request has more than 100 headers",
            Self::Coding => "the only transfer coding that is understood is `chunked`",
            Self::Version => "HTTP/1.1 is spoken here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_recognised_by_its_request_and_by_no_other() {
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
