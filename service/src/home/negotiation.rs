//! Tells browsers, whose `Accept` names `text/html`, from the sample's clients, which send `*/*`. Pure.

use salvo::http::HeaderMap;
use salvo::http::header::ACCEPT;

use crate::accept::{is_refused, items, name};

/// Tells whether the client accepts HTML explicitly.
pub(super) fn is_browser(headers: &HeaderMap) -> bool {
    items(headers, ACCEPT).any(|item| name(item).eq_ignore_ascii_case("text/html") && !is_refused(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_names_html() {
        let check = |accept: &'static str, expected: bool| {
            let headers = HeaderMap::from_iter([(ACCEPT, salvo::http::HeaderValue::from_static(accept))]);
            assert_eq!(is_browser(&headers), expected, "{accept}");
        };
        check(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            true,
        );
        check("application/json, Text/HTML; charset=utf-8;q=0.1", true);
        check("*/*", false);
        check("text/*", false);
        check("text/html;q=0, */*", false);
        check("text/html; q=0.000", false);
        check("", false);
        assert!(!is_browser(&HeaderMap::new()));
    }
}
