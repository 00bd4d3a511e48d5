//! The error type of all handlers, which becomes a status and a problem document.

mod request;

use salvo::http::{HeaderValue, StatusCode, header};
use salvo::{Depot, Request, Response, Writer, async_trait};

use crate::conversion::{Fault, Refusal};
use crate::database::Failure;
use crate::problem::Problem;
use crate::request_id::request_id;
use crate::wire::Refusal as HeadRefusal;

pub(crate) use request::{IdempotencyKeyError, QueryError};

/// How soon to retry after a MongoDB outage: about the time of a restart.
const RETRY_AFTER_SECONDS: &str = "5";

/// How soon to retry after an overload: about the time that a request waits for a slot.
const RETRY_AFTER_OVERLOAD_SECONDS: &str = "1";

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", .0.detail())]
    Refused(HeadRefusal),
    #[error("exactly one `Host` header is required")]
    Host,
    #[error("`100-continue` is the only supported expectation")]
    Expectation,
    /// A path such as `/data/`, which the router would treat as `/data`.
    #[error("no resource at this path")]
    NoSuchPath,
    #[error("compressed bodies are not supported; send the body without `Content-Encoding`")]
    EncodedBody,
    #[error("the body must be `Content-Type: application/json` in UTF-8")]
    UnsupportedMediaType,
    #[error("the form must be `Content-Type: application/x-www-form-urlencoded` in UTF-8")]
    UnsupportedFormType,
    #[error("the form must have exactly one `document` field")]
    Form,
    /// Cross-site request forgery.
    #[error("this form can only be submitted from the service's own page")]
    CrossSiteForm,
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the body did not arrive within {seconds} seconds")]
    BodyTooSlow { seconds: u64 },
    #[error("the body is incomplete, or its chunks are malformed")]
    BodyIncomplete,
    #[error(transparent)]
    Document(#[from] Refusal),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("the response is only available as {offers}, which `Accept` excludes")]
    NotAcceptable { offers: String },
    #[error(transparent)]
    IdempotencyKey(#[from] IdempotencyKeyError),
    #[error("this `Idempotency-Key` was used for a different document; use a new key for each document")]
    IdempotencyKeyReused,
    /// The outcome of an insert with a key is unknown; repeating it is safe.
    #[error("MongoDB did not confirm the insert in time; retry with the same `Idempotency-Key`")]
    RetryWithKey,
    #[error(transparent)]
    Database(#[from] Failure),
    #[error("the service is shutting down")]
    Draining,
    /// The memory budget for large bodies is exhausted.
    #[error("too many large bodies in progress")]
    TooManyBodies,
    #[error("the service failed to handle the request")]
    Internal,
}

impl Error {
    /// Returns the status of the response.
    ///
    /// A body that is not UTF-8 JSON is 400. JSON that cannot be stored unchanged is 422: non-objects, duplicate keys,
    /// NUL in keys, numbers beyond 64 bits, unpaired surrogates, more than 100 levels, invalid `_id`s. Anything too
    /// large, as text or as BSON, is 413.
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
                // Not 503, which invites a retry that may store the document twice.
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

    /// Returns name and title of the problem type, for errors that clients may need to tell apart.
    fn kind(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Document(_) if self.status() == StatusCode::BAD_REQUEST => {
                Some(("malformed-body", "The body is not UTF-8 JSON"))
            }
            Self::Document(_) | Self::Database(Failure::Refused { .. }) => {
                Some(("document-refused", "The document cannot be stored"))
            }
            Self::Database(Failure::DuplicateId) => Some(("duplicate-id", "The `_id` already exists")),
            Self::Query(_) => Some(("query-refused", "Invalid query parameter")),
            Self::IdempotencyKey(_) => Some(("idempotency-key-refused", "Invalid `Idempotency-Key`")),
            Self::IdempotencyKeyReused => Some((
                "idempotency-key-reused",
                "The `Idempotency-Key` was used for a different document",
            )),
            Self::Database(Failure::OutcomeUnknown) | Self::RetryWithKey => {
                Some(("outcome-unknown", "The outcome of the insert is unknown"))
            }
            Self::Database(
                Failure::Unreachable { .. }
                | Failure::AuthenticationFailed { .. }
                | Failure::NotAuthorized { .. }
                | Failure::TimedOut,
            ) => Some(("database-unavailable", "MongoDB is unavailable")),
            Self::TooManyBodies | Self::Database(Failure::Overloaded) => {
                Some(("overloaded", "The service is overloaded"))
            }
            Self::Draining => Some(("draining", "The service is shutting down")),
            _ => None,
        }
    }

    /// Returns the message for the client. Database addresses and user rights stay in the log.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Database(Failure::Unreachable { reason, .. }) => format!("cannot reach MongoDB: {reason}"),
            Self::Database(Failure::AuthenticationFailed { .. }) => "MongoDB rejected the service's credentials".to_owned(),
            Self::Database(Failure::NotAuthorized { .. }) => "MongoDB denied the service this operation".to_owned(),
            Self::Database(Failure::Command { .. }) => "MongoDB returned an error".to_owned(),
            Self::Database(Failure::OutcomeUnknown) => {
                "MongoDB did not confirm the insert in time; check whether the document is stored before you retry"
                    .to_owned()
            }
            other => other.to_string(),
        }
    }

    /// Returns the problem document without the request id.
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

    /// Suggests a retry only if MongoDB stored nothing or a repetition is harmless.
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
        // Draining is intended, and the access log has the 503.
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
