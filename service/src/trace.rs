//! W3C Trace Context: the trace of a request, and the span that this service adds to it.

use std::fmt;

use salvo::http::header::HeaderName;
use salvo::http::{HeaderMap, HeaderValue};
use salvo::{Depot, Request, Response};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The response header that level 2 of the specification drafts.
const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// A request's position in a trace.
pub(crate) struct Trace {
    id: String,
    parent: String,
    span: String,
    flags: u8,
}

/// Returns the trace of the request, if its sender started one.
pub(crate) fn trace(depot: &Depot) -> Option<&Trace> {
    depot.get_typed::<Trace>().ok()
}

/// Joins the caller's trace, and adds this service's span to the answer.
pub(crate) fn join(request: &Request, depot: &mut Depot, response: &mut Response) {
    if let Some(trace) = Trace::from_headers(request.headers()) {
        if let Ok(value) = HeaderValue::try_from(trace.response()) {
            response.headers_mut().insert(TRACERESPONSE, value);
        }
        depot.insert_typed(trace);
    }
}

impl Trace {
    /// A malformed `traceparent` counts as none, as the specification demands.
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        Self::parse(value.to_str().ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let id = hex(parts.next()?, 32)?;
        let parent = hex(parts.next()?, 16)?;
        let flags = hex(parts.next()?, 2)?;
        let has_rest = parts.next().is_some();
        let is_zero = |digits: &str| digits.bytes().all(|digit| digit == b'0');
        // Only later versions may append fields; `ff` is not a version.
        let is_valid = match version {
            "ff" => false,
            "00" => !has_rest,
            _ => true,
        };
        (is_valid && !is_zero(id) && !is_zero(parent)).then(|| Self {
            id: id.to_owned(),
            parent: parent.to_owned(),
            // A span id of zero is invalid.
            span: format!("{:016x}", rand::random::<u64>().max(1)),
            flags: u8::from_str_radix(flags, 16).unwrap_or(0) & 1,
        })
    }

    fn response(&self) -> String {
        format!("00-{}-{}-{:02x}", self.id, self.span, self.flags)
    }
}

/// Writes the members of a log line; hexadecimal digits need no escaping.
impl fmt::Display for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, parent, span, .. } = self;
        write!(
            formatter,
            "\"trace_id\":\"{id}\",\"parent_id\":\"{parent}\",\"span_id\":\"{span}\""
        )
    }
}

/// Accepts exactly this many lower-case digits.
fn hex(text: &str, digits: usize) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_digit)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_accepted() {
        let check = |text: &str, expected: Option<&str>| {
            let trace = Trace::parse(text);
            let shown = trace.map(|trace| format!("{} {} {:02x}", trace.id, trace.parent, trace.flags));
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        let taken = Some("4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7 01");
        check(&format!("00-{ids}-01"), taken);
        check(&format!("00-{ids}-03"), taken);
        check(&format!("cc-{ids}-01"), taken);
        check(&format!("cc-{ids}-01-what-comes"), taken);
        check(&format!("00-{ids}-01-more"), None);
        check(&format!("ff-{ids}-01"), None);
        check(&format!("00-{}-01", ids.to_uppercase()), None);
        check(&format!("0-{ids}-01"), None);
        check(&format!("00-{ids}-1"), None);
        check(&format!("00-{ids}"), None);
        check("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None);
        check("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None);
        check("", None);
    }
}
