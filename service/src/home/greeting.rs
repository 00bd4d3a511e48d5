//! The sample's line of text.

use salvo::Response;
use salvo::http::{HeaderValue, StatusCode};

use crate::{answer, clock};

/// What the sample declares, although the text is plain.
pub(super) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Says hello and the local time.
pub(super) fn greet(response: &mut Response) {
    answer::complete(response, StatusCode::OK, HTML, line());
}

/// Returns the line for this moment. Python leaves the fraction out when it is zero; here it always has six digits, so that
/// the form never changes.
pub(super) fn line() -> Vec<u8> {
    let mut text = Vec::with_capacity(96);
    text.extend_from_slice(b"Welcome to the Flask app! The current time is: ");
    clock::write_local(&mut text);
    text
}
