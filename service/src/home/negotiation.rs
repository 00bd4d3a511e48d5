//! Who gets the page: a browser, which names `text/html`. The sample's clients send `*/*`. Pure.

use salvo::http::HeaderMap;
use salvo::http::header::ACCEPT;

/// Tells whether the client asks for HTML by name.
pub(super) fn is_browser(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(names_html)
}

fn names_html(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let html = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"));
    let refused = parts.any(|part| {
        let weight = part
            .split_once('=')
            .filter(|(name, _)| name.eq_ignore_ascii_case("q"));
        weight.is_some_and(|(_, weight)| weight.parse() == Ok(0.0))
    });
    html && !refused
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
