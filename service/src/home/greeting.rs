//! The sample's welcome line.

use jiff::Zoned;
use jiff::civil::DateTime;
use salvo::Response;
use salvo::http::{HeaderValue, StatusCode};

use crate::answer;

/// The sample declares its plain text as HTML.
pub(super) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Answers with the welcome line.
pub(super) fn greet(response: &mut Response) {
    answer::complete(response, StatusCode::OK, HTML, line());
}

/// Returns the welcome line for this moment.
pub(super) fn line() -> String {
    welcome(Zoned::now().datetime())
}

/// Python omits a fraction of zero; here it always has six digits, so that the format never changes.
fn welcome(now: DateTime) -> String {
    let (date, time) = (now.date(), now.time());
    format!("Welcome to the Flask app! The current time is: {date} {time:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_always_has_six_digits() {
        let check = |now: &str, time: &str| {
            let expected = format!("Welcome to the Flask app! The current time is: {time}");
            assert_eq!(welcome(now.parse().unwrap()), expected);
        };
        check("2026-11-21T09:34:12.123456789", "2026-11-21 09:34:12.123456");
        check("2026-11-21T09:34:12.000001", "2026-11-21 09:34:12.000001");
        check("2026-11-21T09:34:13", "2026-11-21 09:34:13.000000");
    }
}
