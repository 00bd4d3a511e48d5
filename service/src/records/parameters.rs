//! The query parameters of `/data`. Pure.

use form_urlencoded::parse;

use crate::error::QueryError;

/// Enough for a person to read.
const DEFAULT_LIMIT: u32 = 100;

/// The maximum batch size, too.
const MAXIMUM_LIMIT: u32 = 1000;

/// The requested documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// All documents in natural order.
    All,
    /// A page in `_id` order.
    Page {
        limit: u32,
        /// The cursor from the previous page's link.
        after: Option<String>,
    },
}

/// Parses the query of `GET /data`.
pub(super) fn selection(query: &str) -> Result<Selection, QueryError> {
    let (mut limit, mut after) = (None, None);
    for (name, value) in parse(query.as_bytes()) {
        let (name, slot) = match name.as_ref() {
            "limit" => ("limit", &mut limit),
            "after" => ("after", &mut after),
            unknown => return Err(unknown_parameter(unknown, "`limit`, `after`")),
        };
        if slot.replace(value.into_owned()).is_some() {
            return Err(QueryError::Repeated { name });
        }
    }
    match (limit, after) {
        (None, None) => Ok(Selection::All),
        (limit, after) => Ok(Selection::Page {
            limit: limit.map_or(Ok(DEFAULT_LIMIT), |limit| parse_limit(&limit))?,
            after,
        }),
    }
}

/// Refuses every parameter.
pub(super) fn none(query: &str) -> Result<(), QueryError> {
    match parse(query.as_bytes()).next() {
        Some((name, _)) => Err(unknown_parameter(&name, "none")),
        None => Ok(()),
    }
}

fn unknown_parameter(name: &str, supported: &'static str) -> QueryError {
    QueryError::Unknown {
        name: name.chars().take(40).collect(),
        supported,
    }
}

fn parse_limit(text: &str) -> Result<u32, QueryError> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|_| is_plain);
    limit
        .filter(|limit| (1..=MAXIMUM_LIMIT).contains(limit))
        .ok_or(QueryError::Limit {
            maximum: MAXIMUM_LIMIT,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: &str) {
        let text = match selection(query) {
            Ok(Selection::All) => "all".to_owned(),
            Ok(Selection::Page { limit, after }) => format!("{limit} after {}", after.unwrap_or_default()),
            Err(fault) => fault.to_string(),
        };
        assert_eq!(text, expected, "{query}");
    }

    #[test]
    fn a_page_has_a_limit_and_a_start() {
        check("", "all");
        check("limit=1", "1 after ");
        check("limit=1000", "1000 after ");
        check("after=x%2By", "100 after x+y");
        check("after=a&limit=%35", "5 after a");
    }

    #[test]
    fn every_other_query_is_refused_by_name() {
        let limit = "the query parameter `limit` must be an integer from 1 to 1000";
        for bad in [
            "0",
            "1001",
            "-1",
            "abc",
            "",
            "1.0",
            "1e2",
            "%2B5",
            "+5",
            "5%20",
            "0x10",
            "99999999999999999999",
            "%ff",
            "٣",
        ] {
            check(&format!("limit={bad}"), limit);
        }
        check("limit", limit);
        check(
            "limit=1&limit=1",
            "the query parameter `limit` was given more than once",
        );
        check(
            "after=a&limit=2&after=b",
            "the query parameter `after` was given more than once",
        );
        let known = "supported: `limit`, `after`";
        check("page=2", &format!("unknown query parameter `page`; {known}"));
        check("Limit=2", &format!("unknown query parameter `Limit`; {known}"));
        check(
            "limit[]=2",
            &format!("unknown query parameter `limit[]`; {known}"),
        );
        check("=", &format!("unknown query parameter ``; {known}"));
    }
}
