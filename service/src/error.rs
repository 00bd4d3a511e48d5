//! The one error of the handlers: it becomes a status and a problem document.

use salvo::http::{HeaderValue, StatusCode, header};
use salvo::{Depot, Request, Response, Writer, async_trait};

use crate::conversion::{Fault, Refusal};
use crate::database::Failure;
use crate::problem::Problem;
use crate::records::{IdempotencyKeyError, QueryError};
use crate::request_id::request_id;
use crate::wire::Refusal as HeadRefusal;

/// Seconds after which a client may try again what MongoDB did not take: about what its restart takes.
const RETRY_AFTER_SECONDS: &str = "5";

/// Seconds after which there may be room again: about as long as a request waits for it.
const RETRY_AFTER_OVERLOAD_SECONDS: &str = "1";

/// Why a request was not served.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The head of the request is malformed, too large or too slow.
    #[error("{}", .0.detail())]
    Refused(HeadRefusal),
    /// HTTP/1.1 wants exactly one `Host`.
    #[error("exactly one `Host` header is required")]
    Host,
    /// Something else than `100-continue` is expected.
    #[error("the only expectation that is met is `100-continue`")]
    Expectation,
    /// A path such as `/data/`, which is another one than `/data`.
    #[error("there is nothing at this path")]
    NoSuchPath,
    /// The body is compressed.
    #[error("the body must be sent without a `Content-Encoding`")]
    EncodedBody,
    /// The body is not declared as JSON in UTF-8.
    #[error("the body must be sent as `Content-Type: application/json`, in UTF-8")]
    UnsupportedMediaType,
    /// The page's form is sent as forms are.
    #[error("the form must be sent as `Content-Type: application/x-www-form-urlencoded`, in UTF-8")]
    UnsupportedFormType,
    /// The page's form has one field.
    #[error("the form must have exactly one field `document`")]
    Form,
    /// Another site's page sends a form through somebody's browser.
    #[error("this form may only be sent from this service's own page")]
    CrossSiteForm,
    /// The body is, or says it is, larger than the limit.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not come in time.
    #[error("the body did not arrive within {seconds} seconds")]
    BodyTooSlow {
        /// The limit in seconds.
        seconds: u64,
    },
    /// The connection ended inside the body, or its chunks are malformed.
    #[error("the body ended before it was complete, or its chunks are malformed")]
    BodyIncomplete,
    /// The body is not a document that can be stored.
    #[error(transparent)]
    Document(#[from] Refusal),
    /// The query of the path.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The client takes no form that the answer has.
    #[error("the answer is there as {offers}, which the header `Accept` rules out")]
    NotAcceptable {
        /// The media types that there are.
        offers: String,
    },
    /// The header `Idempotency-Key` cannot be one.
    #[error(transparent)]
    IdempotencyKey(#[from] IdempotencyKeyError),
    /// The key came with another document before.
    #[error("this `Idempotency-Key` has stored another document; every document needs a key of its own")]
    IdempotencyKeyReused,
    /// Nobody knows whether the document is stored, but with its key it can be sent again.
    #[error("MongoDB did not confirm the document in time; send it again with the same `Idempotency-Key`")]
    RetryWithKey,
    /// MongoDB did not do its part.
    #[error(transparent)]
    Database(#[from] Failure),
    /// The process is about to stop.
    #[error("the service is stopping")]
    Draining,
    /// Large bodies of other requests take all the memory that there is for them.
    #[error("too many large bodies are under way")]
    TooManyBodies,
    /// A handler panicked.
    #[error("the service failed to handle the request")]
    Internal,
}

impl Error {
    /// Returns the status of the answer.
    ///
    /// A body that is no JSON in UTF-8 is 400. One that is JSON, and yet cannot be stored as it is, is 422: what is not an
    /// object, keys that come twice or hold NUL, numbers beyond 64 bits, halves of surrogate pairs, more than 100 levels,
    /// and an `_id` that cannot be one. What is too large, as text or in MongoDB's format, is 413.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::Host | Self::Form | Self::BodyIncomplete | Self::Query(_) | Self::IdempotencyKey(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::CrossSiteForm => StatusCode::FORBIDDEN,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Document(refusal) => match refusal.fault {
                Fault::Empty | Fault::Encoding { .. } | Fault::Syntax { .. } => StatusCode::BAD_REQUEST,
                Fault::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Self::NotAcceptable { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::UnsupportedMediaType | Self::UnsupportedFormType | Self::EncodedBody => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Draining | Self::RetryWithKey | Self::TooManyBodies => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Database(failure) => match failure {
                Failure::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                Failure::DuplicateId => StatusCode::CONFLICT,
                // Not 503: that invites a client to send the document again, which may store it twice.
                Failure::OutcomeUnknown | Failure::Command { .. } | Failure::Internal => {
                    StatusCode::INTERNAL_SERVER_ERROR
                }
                Failure::Unreachable { .. }
                | Failure::AuthenticationFailed { .. }
                | Failure::NotAuthorized { .. }
                | Failure::TimedOut
                | Failure::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            },
        }
    }

    /// Returns the problem type's name, for those that a client may want to tell apart by more than the status.
    fn kind(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Document(_) if self.status() == StatusCode::BAD_REQUEST => {
                Some(("malformed-body", "The body is not JSON in UTF-8"))
            }
            Self::Document(_) | Self::Database(Failure::Refused { .. }) => {
                Some(("document-refused", "The document cannot be stored as it is"))
            }
            Self::Database(Failure::DuplicateId) => Some(("duplicate-id", "The `_id` is taken")),
            Self::Query(_) => Some(("query-refused", "The query cannot be served")),
            Self::IdempotencyKey(_) => {
                Some(("idempotency-key-refused", "The `Idempotency-Key` cannot be one"))
            }
            Self::IdempotencyKeyReused => Some((
                "idempotency-key-reused",
                "The `Idempotency-Key` belongs to another document",
            )),
            Self::Database(Failure::OutcomeUnknown) | Self::RetryWithKey => {
                Some(("outcome-unknown", "Nobody knows whether the document was stored"))
            }
            Self::Database(
                Failure::Unreachable { .. }
                | Failure::AuthenticationFailed { .. }
                | Failure::NotAuthorized { .. }
                | Failure::TimedOut,
            ) => Some(("database-unavailable", "MongoDB is not available")),
            Self::TooManyBodies | Self::Database(Failure::Overloaded) => {
                Some(("overloaded", "The service is overloaded"))
            }
            Self::Draining => Some(("draining", "The service is stopping")),
            _ => None,
        }
    }

    /// Returns what the client is told; addresses and user rights of the database stay in the log.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Database(Failure::Unreachable { reason, .. }) => format!("cannot reach MongoDB: {reason}"),
            Self::Database(Failure::AuthenticationFailed { .. }) => "MongoDB refuses the service's login".to_owned(),
            Self::Database(Failure::NotAuthorized { .. }) => "MongoDB denies the service this operation".to_owned(),
            Self::Database(Failure::Command { .. }) => "MongoDB answered with an error".to_owned(),
            Self::Database(Failure::OutcomeUnknown) => {
                "MongoDB did not confirm the document in time; look whether it is stored before sending it again"
                    .to_owned()
            }
            other => other.to_string(),
        }
    }

    /// Returns the answer without its request id.
    pub(crate) fn problem(&self) -> Problem {
        let problem = Problem::new(self.status(), self.detail());
        let problem = match self.kind() {
            Some((name, title)) => problem.of_kind(name, title),
            None => problem,
        };
        match self {
            Self::Document(refusal) => problem.at(&refusal.location),
            _ => problem,
        }
    }

    /// A retry can only help, and can do no harm, where MongoDB took nothing.
    fn retry_after(&self) -> Option<&'static str> {
        match self {
            Self::TooManyBodies | Self::Database(Failure::Overloaded) => Some(RETRY_AFTER_OVERLOAD_SECONDS),
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER_SECONDS),
            _ => None,
        }
    }
}

#[async_trait]
impl Writer for Error {
    async fn write(self, _request: &mut Request, depot: &mut Depot, response: &mut Response) {
        let problem = self.problem();
        // A stop is asked for, and the access line has the 503 anyway.
        if self.status().is_server_error() && !matches!(self, Self::Draining) {
            tracing::error!(request_id = request_id(depot), error = %self, "request failed");
        }
        if let Some(seconds) = self.retry_after() {
            let seconds = HeaderValue::from_static(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if matches!(self, Self::EncodedBody) {
            response
                .headers_mut()
                .insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        problem.write_to(depot, response);
    }
}
