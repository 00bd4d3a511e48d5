//! One request: its URL, its deadline, its retries, its answer.

use std::fmt::Write as _;
use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::connect::deepest;
use super::error::{ClusterError, Status};
use super::{Cluster, Ordering};
use crate::object::{Kind, ObjectId};

/// Deadline of one try. A dry-run of the slowest kind takes milliseconds; webhooks may take up to 30 s.
const DEADLINE: Duration = Duration::from_secs(35);

/// Tries in all, the first included.
const TRIES: u32 = 5;

/// Wait before the first retry; doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Longest wait between two tries, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// In which form the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Representation {
    /// The objects themselves.
    Whole,
    /// Their metadata alone.
    Metadata,
    /// The aggregated discovery document.
    Discovery,
}

impl Representation {
    fn accept(self) -> &'static str {
        match self {
            Self::Whole => "application/json",
            Self::Metadata => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            Self::Discovery => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        }
    }
}

/// What the body of a PATCH is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patch {
    /// A configuration for a server-side apply.
    Apply,
    /// A list of operations.
    Json,
}

/// A request before it is sent.
pub(super) struct Call {
    method: Method,
    path: String,
    attempt: String,
    body: Vec<u8>,
    pub(super) representation: Representation,
    pub(super) patch: Patch,
}

/// A good answer.
pub(super) struct Answer {
    pub(super) code: StatusCode,
    /// Whether an earlier try may have been carried out.
    pub(super) was_repeated: bool,
    pub(super) json: Value,
}

impl Call {
    /// `attempt` completes the sentence "could not …".
    pub(super) fn new(method: Method, path: String, attempt: String) -> Self {
        Self {
            method,
            path,
            attempt,
            body: Vec::new(),
            representation: Representation::Whole,
            patch: Patch::Apply,
        }
    }

    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        let _ = write!(self.path, "{separator}{name}={value}");
    }

    pub(super) fn body(&mut self, json: &Value) {
        self.body = json.to_string().into_bytes();
    }

    fn request(&self) -> Result<Request<Body>, http::Error> {
        let content_type = match (&self.method, self.patch) {
            (&Method::PATCH, Patch::Apply) => "application/apply-patch+yaml",
            (&Method::PATCH, Patch::Json) => "application/json-patch+json",
            _ => "application/json",
        };
        Request::builder()
            .method(&self.method)
            .uri(&self.path)
            .header(header::ACCEPT, self.representation.accept())
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(self.body.clone()))
    }

    /// Whether the request can be sent again although it may have been carried out.
    ///
    /// A POST cannot, because its second answer would say that the object is there already.
    fn is_repeatable(&self) -> bool {
        self.method != Method::POST && self.method != Method::PUT
    }
}

/// URL of a kind's objects.
pub(super) fn kind_path(kind: &Kind, namespace: Option<&str>) -> String {
    let root = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{}/{}", segment(namespace), kind.plural),
        None => format!("{root}/{}", kind.plural),
    }
}

/// URL of an object.
pub(super) fn item_path(id: &ObjectId) -> String {
    format!(
        "{}/{}",
        kind_path(&id.kind, id.namespace.as_deref()),
        segment(&id.name)
    )
}

/// Names of some kinds (roles, for one) may hold characters that have a meaning in URLs.
fn segment(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(text, &KEPT).to_string()
}

impl Cluster {
    /// Sends a request, again when that can help, and returns a good answer.
    pub(super) async fn send(&self, call: Call) -> Result<Answer, ClusterError> {
        let mut wait = FIRST_WAIT;
        let mut was_repeated = false;
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            let error = match self.try_once(&call).await {
                Ok(answer) => {
                    return Ok(Answer {
                        was_repeated,
                        ..answer
                    });
                }
                Err(error) => error,
            };
            let Some(asked) = self.wait_before_retry(&call, &error).filter(|_| tries_left > 0) else {
                return Err(error);
            };
            was_repeated |= !matches!(error, ClusterError::Unreachable { .. });
            let pause = wait.max(asked).min(LONGEST_WAIT);
            self.notify(&format!("{error}; trying again in {} ms", pause.as_millis()));
            tokio::time::sleep(pause).await;
            wait *= 2;
        }
    }

    /// Whether another try can help, and how long the server wants to be left alone before it.
    fn wait_before_retry(&self, call: &Call, error: &ClusterError) -> Option<Duration> {
        match error {
            ClusterError::Refused { status, .. } => match status.code {
                // Turned away before anything was done.
                429 => {}
                503 | 504 if call.is_repeatable() => {}
                _ => return None,
            },
            // A server that never answered is not there; one that did is restarting.
            ClusterError::Unreachable { .. } if self.has_answered() => {}
            ClusterError::Broken { .. } if call.is_repeatable() => {}
            _ => return None,
        }
        let asked = error.status().and_then(|status| status.retry_after_seconds);
        Some(Duration::from_secs(asked.unwrap_or(0)))
    }

    async fn try_once(&self, call: &Call) -> Result<Answer, ClusterError> {
        let _slot = self.slots.acquire().await;
        let answer = tokio::time::timeout(DEADLINE, self.exchange(call)).await;
        answer.unwrap_or_else(|_| {
            Err(ClusterError::Deadline {
                attempt: call.attempt.clone(),
                server: self.server.clone(),
                seconds: DEADLINE.as_secs(),
            })
        })
    }

    async fn exchange(&self, call: &Call) -> Result<Answer, ClusterError> {
        let bad_answer = |cause: String| ClusterError::BadAnswer {
            attempt: call.attempt.clone(),
            server: self.server.clone(),
            cause,
        };
        let request = call.request().map_err(|error| bad_answer(error.to_string()))?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| self.transport_error(call, &error))?;
        self.answered.store(true, Ordering::Relaxed);
        let (head, body) = response.into_parts();
        let bytes = body
            .collect()
            .await
            .map_err(|error| ClusterError::Broken {
                attempt: call.attempt.clone(),
                server: self.server.clone(),
                cause: deepest(&error),
            })?
            .to_bytes();
        if head.status == StatusCode::UNAUTHORIZED {
            return Err(ClusterError::Unauthorized {
                server: self.server.clone(),
            });
        }
        if !head.status.is_success() {
            let retry_after = head.headers.get(header::RETRY_AFTER);
            let mut status = status(head.status, &bytes);
            status.retry_after_seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(ClusterError::Refused {
                attempt: call.attempt.clone(),
                status: Box::new(status),
            });
        }
        let json = serde_json::from_slice(&bytes).map_err(|error| bad_answer(error.to_string()))?;
        Ok(Answer {
            code: head.status,
            was_repeated: false,
            json,
        })
    }

    fn transport_error(&self, call: &Call, error: &kube::Error) -> ClusterError {
        let server = self.server.clone();
        if let kube::Error::Auth(error) = error {
            return ClusterError::Credentials {
                server,
                cause: deepest(error),
            };
        }
        let cause = deepest(error);
        if is_connect(error) {
            ClusterError::Unreachable { server, cause }
        } else {
            ClusterError::Broken {
                attempt: call.attempt.clone(),
                server,
                cause,
            }
        }
    }
}

/// Whether no connection came about at all, so that nothing was carried out.
fn is_connect(error: &kube::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        cause = error.source();
    }
    false
}

/// Reads a refusal. A proxy between us and the server answers with anything; then the code is all that is known.
fn status(code: StatusCode, bytes: &[u8]) -> Status {
    let mut status: Status = serde_json::from_slice(bytes).unwrap_or_default();
    status.code = code.as_u16();
    status
}
