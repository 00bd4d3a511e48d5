//! Reads request bodies, with limits on type, size, time and total memory.

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

/// Smaller bodies need no reservation: the connection limit bounds them, and slow uploads of large bodies cannot starve
/// them.
const SMALL_BYTES: usize = 16 * 1024;

/// Reading bodies gets one part in so many of the memory budget, the documents made from them the rest.
const READ_SHARE: u32 = 4;

/// Copies that the driver makes of a document while it sends it.
const COPIES: usize = 6;

/// The largest ratio of a document's memory to its JSON text: BSON needs 16 bytes for the `0,` of an array.
const MAXIMUM_EXPANSION: usize = 8 * COPIES;

/// How long a large body waits for memory.
const RESERVATION_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads bodies within a memory budget, which clones share.
#[derive(Clone)]
pub(crate) struct Bodies {
    http: Http,
    read_budget: MemoryBudget,
    conversion_budget: MemoryBudget,
}

/// A memory budget in bytes.
#[derive(Clone)]
struct MemoryBudget {
    free: Arc<Semaphore>,
    bytes: u32,
}

/// A complete body; dropping it releases its memory.
pub(crate) struct Body {
    bytes: Bytes,
    _reservation: Option<OwnedSemaphorePermit>,
}

/// Marks a request whose body was read completely.
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
        let read_budget = http.bodies_bytes / READ_SHARE;
        Self {
            http: *http,
            read_budget: MemoryBudget::new(read_budget),
            conversion_budget: MemoryBudget::new(http.bodies_bytes - read_budget),
        }
    }

    /// Returns the size limit of a document in bytes of JSON.
    pub(crate) fn document_limit(&self) -> usize {
        self.http.body_bytes
    }

    /// Reads a JSON body. Checks everything in the head before it reads.
    pub(super) async fn read_json(&self, request: &mut Request) -> Result<Body, Error> {
        if !declares(request, is_json) {
            return Err(Error::UnsupportedMediaType);
        }
        self.read(request, self.http.body_bytes).await
    }

    /// Reads a form, whose encoding may triple the size of the document.
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
        let maximum = declared
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(limit);
        let reservation = self.read_budget.reserve(maximum, 1).await?;
        match tokio::time::timeout(self.http.body_timeout, request.payload_with_max_size(limit)).await {
            Ok(Ok(bytes)) => {
                let bytes = bytes.clone();
                request.extensions_mut().insert(BodyRead);
                Ok(Body {
                    bytes,
                    _reservation: reservation,
                })
            }
            Ok(Err(ParseError::PayloadTooLarge)) => Err(Error::BodyTooLarge { limit }),
            Ok(Err(_)) => Err(Error::BodyIncomplete),
            Err(_) => Err(Error::BodyTooSlow {
                seconds: self.http.body_timeout.as_secs(),
            }),
        }
    }

    /// Converts a body to a document. Reserves memory for the worst case first, and returns the document with the
    /// reservation for its actual size.
    pub(crate) async fn document(
        &self,
        text: &[u8],
        id: NewId,
    ) -> Result<(RawDocumentBuf, Option<OwnedSemaphorePermit>), Error> {
        let mut reservation = self
            .conversion_budget
            .reserve(text.len(), MAXIMUM_EXPANSION)
            .await?;
        let document = document_from_json(text, id)?;
        if let Some(reservation) = &mut reservation {
            let kept = document.as_bytes().len().saturating_mul(COPIES);
            drop(reservation.split(reservation.num_permits().saturating_sub(kept)));
        }
        Ok((document, reservation))
    }
}

impl MemoryBudget {
    fn new(bytes: u32) -> Self {
        // Without a minimum, the budget would not bound anything: a body beyond the budget reserves all of it.
        let bytes = bytes.max(1);
        Self {
            free: Arc::new(Semaphore::new(bytes as usize)),
            bytes,
        }
    }

    /// Waits until the budget can spare `bytes` times `weight`, or all of itself if it is smaller.
    async fn reserve(&self, bytes: usize, weight: usize) -> Result<Option<OwnedSemaphorePermit>, Error> {
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        let bytes = u32::try_from(bytes.saturating_mul(weight))
            .unwrap_or(u32::MAX)
            .min(self.bytes);
        let reservation = Arc::clone(&self.free).acquire_many_owned(bytes);
        match tokio::time::timeout(RESERVATION_TIMEOUT, reservation).await {
            Ok(Ok(reservation)) => Ok(Some(reservation)),
            Ok(Err(_)) | Err(_) => Err(Error::TooManyBodies),
        }
    }
}

/// The form's encoded field name.
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
