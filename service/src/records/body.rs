//! The body of a request: of a declared type, of limited size, in limited time, and not too many at once.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bson::RawDocumentBuf;
use salvo::Request;
use salvo::http::ParseError;
use salvo::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use salvo::http::mime::Mime;
use salvo::hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::configuration::Http;
use crate::conversion::{NewId, document_from_json};
use crate::error::Error;

/// Bodies up to this size need no room of their own: as many as there are connections fit all the same, and who sends
/// large ones slowly keeps nobody else out.
const SMALL_BYTES: usize = 16 * 1024;

/// What share of all the room is for bodies that are read; the rest is for the documents that are made of them.
const READING: u32 = 4;

/// What a byte of a document takes in memory on its way to MongoDB: the driver copies it several times.
const SENT: usize = 6;

/// What a byte of a body can take at most: BSON needs 16 bytes for the `0,` of an array.
const MADE: usize = 8 * SENT;

/// How long a large body waits for room.
const ROOM_TIME: Duration = Duration::from_secs(1);

/// Reads bodies, and holds no more of them at once than there is memory for. Clones share the room.
#[derive(Clone)]
pub(crate) struct Bodies {
    http: Http,
    reading: Share,
    making: Share,
}

/// Some of the room, in bytes.
#[derive(Clone)]
struct Share {
    free: Arc<Semaphore>,
    bytes: u32,
}

/// A whole body; its room is free again when this is dropped.
pub(crate) struct Body {
    bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// Marks a request whose body was read to its end.
#[derive(Clone, Copy)]
pub(crate) struct BodyRead;

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Bodies {
    pub(crate) fn new(http: &Http) -> Self {
        let reading = http.bodies_bytes / READING;
        Self {
            http: *http,
            reading: Share::new(reading),
            making: Share::new(http.bodies_bytes - reading),
        }
    }

    /// The largest document that is taken, in bytes of JSON.
    pub(crate) fn document_limit(&self) -> usize {
        self.http.body_bytes
    }

    /// Reads a body that is declared as JSON. What can be told from the head alone is told before anything is read.
    pub(super) async fn read_json(&self, request: &mut Request) -> Result<Body, Error> {
        if !declares(request, is_json) {
            return Err(Error::UnsupportedMediaType);
        }
        self.read(request, self.http.body_bytes).await
    }

    /// Reads a form, in which each byte of a document may take three.
    pub(crate) async fn read_form(&self, request: &mut Request) -> Result<Body, Error> {
        if !declares(request, is_form) {
            return Err(Error::UnsupportedFormType);
        }
        let document = self.http.body_bytes.saturating_mul(3);
        self.read(request, document.saturating_add(FORM_BYTES)).await
    }

    async fn read(&self, request: &mut Request, limit: usize) -> Result<Body, Error> {
        let declared = declared_length(request);
        if declared.is_some_and(|length| length > limit as u64) {
            return Err(Error::BodyTooLarge { limit });
        }
        let most = declared
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(limit);
        let room = self.reading.room(most, 1).await?;
        match tokio::time::timeout(self.http.body_timeout, request.payload_with_max_size(limit)).await {
            Ok(Ok(bytes)) => {
                let bytes = bytes.clone();
                request.extensions_mut().insert(BodyRead);
                Ok(Body { bytes, _room: room })
            }
            Ok(Err(ParseError::PayloadTooLarge)) => Err(Error::BodyTooLarge { limit }),
            Ok(Err(_)) => Err(Error::BodyIncomplete),
            Err(_) => Err(Error::BodyTooSlow {
                seconds: self.http.body_timeout.as_secs(),
            }),
        }
    }

    /// Makes a document of a body's text, as soon as there is room for the largest one that can come of it. The room that
    /// the document itself does not need is given back at once, the other with what is returned beside it.
    pub(crate) async fn document(
        &self,
        text: &[u8],
        id: NewId,
    ) -> Result<(RawDocumentBuf, Option<OwnedSemaphorePermit>), Error> {
        let mut room = self.making.room(text.len(), MADE).await?;
        let document = document_from_json(text, id)?;
        if let Some(room) = &mut room {
            let kept = document.as_bytes().len().saturating_mul(SENT);
            drop(room.split(room.num_permits().saturating_sub(kept)));
        }
        Ok((document, room))
    }
}

impl Share {
    fn new(bytes: u32) -> Self {
        // None at all would be no bound: what is larger than the room gets all of it.
        let bytes = bytes.max(1);
        Self {
            free: Arc::new(Semaphore::new(bytes as usize)),
            bytes,
        }
    }

    /// Waits until a body of this size fits beside the others; one that never would gets all the room that there is.
    async fn room(&self, bytes: usize, weight: usize) -> Result<Option<OwnedSemaphorePermit>, Error> {
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        let bytes = u32::try_from(bytes.saturating_mul(weight))
            .unwrap_or(u32::MAX)
            .min(self.bytes);
        let room = Arc::clone(&self.free).acquire_many_owned(bytes);
        match tokio::time::timeout(ROOM_TIME, room).await {
            Ok(Ok(room)) => Ok(Some(room)),
            Ok(Err(_)) | Err(_) => Err(Error::TooManyBodies),
        }
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
    let utf8 = mime
        .get_param("charset")
        .is_none_or(|charset| charset == "utf-8" || charset == "utf8");
    utf8 && accepts(&mime)
}

fn is_form(mime: &Mime) -> bool {
    mime.essence_str() == "application/x-www-form-urlencoded"
}

/// Accepts `application/json` and `application/*+json`.
fn is_json(mime: &Mime) -> bool {
    let json = mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json");
    mime.type_() == "application" && json
}

fn declared_length(request: &Request) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
