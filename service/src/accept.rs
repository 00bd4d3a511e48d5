//! Headers in which a client lists what it takes: `Accept`, `Accept-Encoding` and their like. Pure.

use salvo::http::header::{HeaderMap, HeaderName};

/// Splits a header that is a list, over all its lines.
pub(crate) fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Returns what stands before the parameters of an item.
pub(crate) fn name(item: &str) -> &str {
    item.split(';').next().unwrap_or_default().trim()
}

/// Returns the text of an item's weight, its parameter `q`.
pub(crate) fn weight(item: &str) -> Option<&str> {
    item.split(';').skip(1).find_map(|parameter| {
        let (name, weight) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("q").then_some(weight)
    })
}

/// Tells whether the item is listed to say that it is not taken.
pub(crate) fn is_refused(item: &str) -> bool {
    weight(item).is_some_and(|weight| weight.parse() == Ok(0.0))
}
