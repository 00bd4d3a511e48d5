//! The sample's line of text.

use jiff::Zoned;
use salvo::Response;
use salvo::http::{HeaderValue, StatusCode};

use crate::answer;

/// What the sample declares, although the text is plain.
pub(super) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Says hello and the local time.
pub(super) fn greet(response: &mut Response) {
    answer::complete(response, StatusCode::OK, HTML, now());
}

/// Returns the line for this moment.
pub(super) fn now() -> String {
    text(&Zoned::now())
}

/// Python leaves the fraction out when it is zero; here it always has six digits, so that the form never changes.
fn text(time: &Zoned) -> String {
    format!(
        "Welcome to the Flask app! The current time is: {}",
        time.strftime("%Y-%m-%d %H:%M:%S.%6f")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_local_and_has_six_digits_of_microseconds() {
        let check = |time: &str, expected: &str| {
            let expected = format!("Welcome to the Flask app! The current time is: {expected}");
            assert_eq!(text(&time.parse().unwrap()), expected);
        };
        check(
            "2026-11-21T09:34:12.123456789+01:00[+01:00]",
            "2026-11-21 09:34:12.123456",
        );
        check("2026-11-21T09:34:12+01:00[+01:00]", "2026-11-21 09:34:12.000000");
    }
}
