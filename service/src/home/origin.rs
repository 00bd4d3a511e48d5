//! Detects cross-site form submissions (CSRF). Pure.

use salvo::http::HeaderMap;
use salvo::http::header::{HOST, ORIGIN};

/// Tells whether a browser sends this request for another site.
///
/// Programs send neither header, and act with no user's privileges.
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    // Only sent to trustworthy origins: TLS or localhost.
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN.as_str()) else {
        return false;
    };
    // `null` is a sandboxed page, or one that hides its origin.
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_none() || host != text(HOST.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_site_and_programs_may_submit_forms() {
        let check = |headers: &[(&'static str, &'static str)], expected: bool| {
            let pairs = headers.iter().map(|(name, value)| {
                (
                    salvo::http::header::HeaderName::from_static(name),
                    salvo::http::HeaderValue::from_static(value),
                )
            });
            assert_eq!(is_cross_site(&pairs.collect()), expected, "{headers:?}");
        };
        let host = ("host", "a:5000");
        check(&[host], false);
        check(&[host, ("origin", "http://a:5000")], false);
        check(&[host, ("origin", "http://a:5001")], true);
        check(&[host, ("origin", "http://evil")], true);
        check(&[host, ("origin", "null")], true);
        check(
            &[
                host,
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://proxy"),
            ],
            false,
        );
        check(&[host, ("sec-fetch-site", "none")], false);
        check(&[host, ("sec-fetch-site", "same-site")], true);
        check(
            &[
                host,
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://a:5000"),
            ],
            true,
        );
    }
}
