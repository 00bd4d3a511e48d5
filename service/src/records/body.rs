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
    if !declares(request, is_json) {
        return Err(Error::UnsupportedMediaType);
    }
    read(request, http, http.body_bytes).await
}

/// Reads a form, in which each byte of a document may take three.
pub(crate) async fn read_form(request: &mut Request, http: &Http) -> Result<Bytes, Error> {
    if !declares(request, |mime| {
        mime.essence_str() == "application/x-www-form-urlencoded"
    }) {
        return Err(Error::UnsupportedFormType);
    }
    read(
        request,
        http,
        http.body_bytes.saturating_mul(3).saturating_add(FORM_BYTES),
    )
    .await
}

async fn read(request: &mut Request, http: &Http, limit: usize) -> Result<Bytes, Error> {
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

/// What a form holds besides the document: the name of its field.
const FORM_BYTES: usize = 64;

/// Accepts one content type, in UTF-8 or without a charset.
fn declares(request: &Request, accepts: impl FnOnce(&Mime) -> bool) -> bool {
    let mut types = request.headers().get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return false;
    };
    let Some(mime) = value.to_str().ok().and_then(|value| value.parse::<Mime>().ok()) else {
        return false;
    };
    let utf8 = mime.get_param("charset").is_none_or(|charset| charset == "utf-8");
    utf8 && accepts(&mime)
}

/// Accepts `application/json` and `application/*+json`.
fn is_json(mime: &Mime) -> bool {
    let json = mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json");
    mime.type_() == "application" && json
}

fn declared_length(request: &Request) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
