//! Content negotiation for lists of documents. Pure.

use salvo::http::header::{ACCEPT, HeaderMap, HeaderValue};
use salvo::http::mime::Mime;

use crate::accept;
use crate::error::Error;

/// The format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON array.
    Json,
    /// One document per line.
    Ndjson,
}

impl Format {
    /// All formats; clients without a preference get the first.
    pub(super) const ALL: [Self; 2] = [Self::Json, Self::Ndjson];

    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// A client's preference: the weight, then the specificity of the media range.
type Preference = (u16, u8);

/// Chooses the client's favourite among `offers`; without an `Accept` header, the first.
pub(super) fn requested(headers: &HeaderMap, offers: &[Format]) -> Result<Format, Error> {
    choose(headers.get_all(ACCEPT).iter(), offers).ok_or_else(|| {
        let names: Vec<_> = offers.iter().map(|offer| format!("`{}`", offer.name())).collect();
        Error::NotAcceptable {
            offers: names.join(" or "),
        }
    })
}

fn choose<'a>(accept: impl Iterator<Item = &'a HeaderValue>, offers: &[Format]) -> Option<Format> {
    let texts: Vec<&str> = accept.map(|value| value.to_str().unwrap_or("-")).collect();
    let is_nothing = |character| matches!(character, ' ' | '\t' | ',');
    if texts.iter().all(|text| text.chars().all(is_nothing)) {
        return offers.first().copied();
    }
    let ranges: Vec<MediaRange<'_>> = texts
        .iter()
        .flat_map(|text| elements(text))
        .filter_map(MediaRange::parse)
        .collect();
    let mut chosen: Option<(Preference, Format)> = None;
    for offer in offers {
        // The most specific range decides, as RFC 9110 demands.
        let decisive = ranges
            .iter()
            .filter_map(|range| Some((range.specificity(offer.name())?, range.weight)))
            .max();
        let Some((specificity, weight @ 1..)) = decisive else {
            continue;
        };
        if chosen.is_none_or(|(preference, _)| preference < (weight, specificity)) {
            chosen = Some(((weight, specificity), *offer));
        }
    }
    chosen.map(|(_, format)| format)
}

/// Splits at commas outside of quotes.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
}

/// A media range; parameters other than `q` are ignored, because JSON has none.
struct MediaRange<'text> {
    name: &'text str,
    weight: u16,
}

impl<'text> MediaRange<'text> {
    /// Returns `None` for a malformed range, which is ignored.
    fn parse(text: &'text str) -> Option<Self> {
        let name = match accept::name(text) {
            // Old clients, for example Java's, send `*` for any type.
            "*" => "*/*",
            name => name,
        };
        name.parse::<Mime>().ok()?;
        let weight = accept::weight(text).map_or(Some(1000), parse_weight)?;
        Some(Self { name, weight })
    }

    fn specificity(&self, offer: &str) -> Option<u8> {
        match self.name {
            "*/*" => Some(0),
            name if name.eq_ignore_ascii_case("application/*") => Some(1),
            name if name.eq_ignore_ascii_case(offer) => Some(2),
            _ => None,
        }
    }
}

/// Parses a weight from 0 to 1 as thousandths; old clients omit the zero before the point.
fn parse_weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_sound = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{fraction:0<3}").parse().ok().filter(|_| is_sound)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("", thousandths) if !fraction.is_empty() => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &[&str], expected: Option<Format>) {
        let values: Vec<_> = accept
            .iter()
            .map(|text| HeaderValue::from_str(text).unwrap())
            .collect();
        assert_eq!(choose(values.iter(), &Format::ALL), expected, "{accept:?}");
    }

    #[test]
    fn json_is_the_default() {
        for accept in [
            &[][..],
            &[""],
            &[" ,", ","],
            &["*/*"],
            &["application/*"],
            &["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"],
            &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
            &["application/x-ndjson;q=0.5, application/json"],
            &["application/x-ndjson, application/json"],
            &["Application/JSON; charset=utf-8"],
            &["text/html", "application/json;q=0.001"],
            &["application/x-ndjson;q=0, */*;q=0.1"],
            &["application/json;a=\"b,c\""],
        ] {
            check(accept, Some(Format::Json));
        }
    }

    #[test]
    fn lines_are_served_on_request() {
        for accept in [
            &["application/x-ndjson"][..],
            &["APPLICATION/x-ndjson;q=1.000"],
            &["application/x-ndjson, */*"],
            &["application/json;q=0.5, application/x-ndjson;q=0.6"],
            &["application/json;q=0, application/*"],
            &["text/html", "application/x-ndjson"],
        ] {
            check(accept, Some(Format::Ndjson));
        }
    }

    #[test]
    fn unavailable_formats_are_refused() {
        for accept in [
            "text/html",
            "application/xml, text/*",
            "application/json;q=0",
            "*/*;q=0",
            "application/json;q=2",
            "application/json;q=0.1234",
            "application/json;q=-1",
            "application/json;q=",
            "application/json;q=.",
            "nonsense",
            "é",
        ] {
            let value = HeaderValue::from_bytes(accept.as_bytes()).unwrap();
            assert_eq!(choose(std::iter::once(&value), &Format::ALL), None, "{accept}");
        }
    }
}
