//! W3C Trace Context: the trace that a request belongs to, and the span that this service adds to it. Pure but for chance.

use std::fmt;

use salvo::http::HeaderMap;
use salvo::http::header::HeaderName;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The header of the answer, as level 2 of the specification drafts it.
pub(super) const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// The place of a request in a trace.
pub(crate) struct Trace {
    id: String,
    parent: String,
    span: String,
    flags: u8,
}

impl Trace {
    /// Takes the caller's trace over; one that is not well formed counts as none, as the specification has it.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
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
        // Later versions may say more behind the flags; this one may not, and `ff` is no version.
        let is_sound = match version {
            "ff" => false,
            "00" => !has_rest,
            _ => true,
        };
        (is_sound && !is_zero(id) && !is_zero(parent)).then(|| Self {
            id: id.to_owned(),
            parent: parent.to_owned(),
            span: made_up(),
            flags: u8::from_str_radix(flags, 16).unwrap_or(0) & 1,
        })
    }

    /// Returns the header of the answer: the same trace, and the span that the caller may look for.
    pub(super) fn response(&self) -> String {
        format!("00-{}-{}-{:02x}", self.id, self.span, self.flags)
    }
}

/// The members of a line in the log; all of them are hexadecimal.
impl fmt::Display for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            parent,
            span,
            flags: _,
        } = self;
        write!(
            formatter,
            "\"trace_id\":\"{id}\",\"parent_id\":\"{parent}\",\"span_id\":\"{span}\""
        )
    }
}

/// Accepts so many lower-case digits.
fn hex(text: &str, digits: usize) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_digit)).then_some(text)
}

fn made_up() -> String {
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    // All zero is no id.
    format!("{:016x}", u64::from_be_bytes(bytes).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_taken_by_the_letter() {
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
