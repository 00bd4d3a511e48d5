//! Parses `Accept`, `Accept-Encoding` and similar list headers. Pure.

use salvo::http::header::{HeaderMap, HeaderName};

/// Returns the items of a list header from all its lines.
pub(crate) fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Returns an item without its parameters.
pub(crate) fn name(item: &str) -> &str {
    item.split(';').next().unwrap_or_default().trim()
}

/// Returns an item's weight, the parameter `q`.
pub(crate) fn weight(item: &str) -> Option<&str> {
    item.split(';').skip(1).find_map(|parameter| {
        let (name, weight) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("q").then_some(weight)
    })
}

/// Tells whether a weight of 0 excludes the item.
pub(crate) fn is_refused(item: &str) -> bool {
    weight(item).is_some_and(|weight| weight.parse() == Ok(0.0))
}
