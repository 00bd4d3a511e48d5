//! The body of a request: declared as JSON, of limited size, in limited time.

use salvo::Request;
use salvo::http::ParseError;
use salvo::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use salvo::http::mime::Mime;
use salvo::hyper::body::Bytes;

use crate::configuration::Http;
use crate::error::Error;
use crate::hoops::BodyRead;

/// Reads the whole body. What can be told from the head alone is told before anything is read.
pub(super) async fn read_json(request: &mut Request, http: &Http) -> Result<Bytes, Error> {
    let limit = http.body_bytes;
    if !is_json(request) {
        return Err(Error::UnsupportedMediaType);
    }
    if declared_length(request).is_some_and(|length| length > limit as u64) {
        return Err(Error::BodyTooLarge { limit });
    }
    match tokio::time::timeout(http.body_time, request.payload_with_max_size(limit)).await {
        Ok(Ok(body)) => {
            let body = body.clone();
            request.extensions_mut().insert(BodyRead);
            Ok(body)
        }
        Ok(Err(ParseError::PayloadTooLarge)) => Err(Error::BodyTooLarge { limit }),
        Ok(Err(_)) => Err(Error::BodyIncomplete),
        Err(_) => Err(Error::BodyTooSlow {
            seconds: http.body_time.as_secs(),
        }),
    }
}

/// Accepts `application/json` and `application/*+json`, in UTF-8 or without a charset.
fn is_json(request: &Request) -> bool {
    let mut types = request.headers().get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return false;
    };
    let Some(mime) = value.to_str().ok().and_then(|value| value.parse::<Mime>().ok()) else {
        return false;
    };
    let json = mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json");
    let utf8 = mime.get_param("charset").is_none_or(|charset| charset == "utf-8");
    mime.type_() == "application" && json && utf8
}

fn declared_length(request: &Request) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
