//! Sends one request: its URL, deadline, retries and response.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize as _;
use serde_json::Value;

use super::answer::{Fold, GZIP, Items, Reader, Unpacked, Unread, Whole};
use super::connect::deepest;
use super::error::{ClusterError, Status};
use super::{Applied, Cluster, Fence, Ordering};
use engine_core::object::{Kind, ObjectId};

/// Deadline of one attempt. A dry-run of the slowest kind takes milliseconds; webhooks may take up to 30 s.
const DEADLINE: Duration = Duration::from_secs(35);

/// Maximum number of attempts, the first included.
const TRIES: u32 = 5;

/// Delay before the first retry; doubles with each retry.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Longest delay between two attempts, even if the server asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The requested form of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Representation {
    /// Whole objects.
    Whole,
    /// Metadata only.
    Metadata,
    /// Metadata only, packed (protobuf) where the server supports it: a third of the work for both sides.
    PackedMetadata,
    /// The aggregated discovery document; older servers send the legacy one.
    Discovery,
}

impl Representation {
    fn accept(self) -> &'static str {
        match self {
            Self::Whole => "application/json",
            Self::Metadata => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            // Aggregated API servers may support only JSON.
            Self::PackedMetadata => {
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,\
                 application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
            }
            // Older servers support only the legacy form.
            Self::Discovery => {
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
            }
        }
    }
}

/// The format of a PATCH body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patch {
    /// A configuration for a server-side apply.
    Apply,
    /// A JSON patch: a list of operations.
    Json,
}

/// A request before it is sent.
pub(super) struct Call {
    method: Method,
    path: String,
    attempt: String,
    body: Bytes,
    pub(super) representation: Representation,
    pub(super) patch: Patch,
    /// The fence that every attempt of a write checks first.
    pub(super) fence: Option<Fence>,
}

impl Call {
    /// Creates a request; `attempt` completes the sentence "could not …".
    pub(super) fn new(method: Method, path: String, attempt: String) -> Self {
        Self {
            method,
            path,
            attempt,
            body: Bytes::new(),
            representation: Representation::Whole,
            patch: Patch::Apply,
            fence: None,
        }
    }

    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        let _ = write!(self.path, "{separator}{name}={value}");
    }

    pub(super) fn json(&mut self, json: &Value) {
        self.body = json.to_string().into();
    }

    /// Sets a body that is already encoded as JSON.
    pub(super) fn bytes(&mut self, json: Bytes) {
        self.body = json;
    }

    fn request(&self, encoding: &'static str) -> Result<Request<Body>, http::Error> {
        let content_type = match (&self.method, self.patch) {
            (&Method::PATCH, Patch::Apply) => "application/apply-patch+yaml",
            (&Method::PATCH, Patch::Json) => "application/json-patch+json",
            _ => "application/json",
        };
        Request::builder()
            .method(&self.method)
            .uri(&self.path)
            .header(header::ACCEPT, self.representation.accept())
            .header(header::ACCEPT_ENCODING, encoding)
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(self.body.clone()))
    }

    /// Returns whether the request can be sent again even if it may have been carried out.
    ///
    /// A POST cannot, because the second response would say that the object already exists.
    fn is_repeatable(&self) -> bool {
        self.method != Method::POST && self.method != Method::PUT
    }
}

/// Returns the URL path of one version of a group.
pub(super) fn group_path(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    }
}

/// Returns the URL path of a kind's objects.
pub(super) fn kind_path(kind: &Kind, namespace: Option<&str>) -> String {
    let root = group_path(&kind.group, &kind.version);
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{}/{}", segment(namespace), kind.plural),
        None => format!("{root}/{}", kind.plural),
    }
}

/// Returns the URL path of an object.
pub(super) fn item_path(id: &ObjectId) -> String {
    format!(
        "{}/{}",
        kind_path(&id.kind, id.namespace.as_deref()),
        segment(&id.name)
    )
}

/// Escapes a path segment: names of some kinds (such as roles) may contain characters with a meaning in URLs.
fn segment(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(text, &KEPT).to_string()
}

impl Cluster {
    /// Sends a request, retries it when that can help, and returns the successful response.
    pub(super) async fn send(&self, call: Call) -> Result<Value, ClusterError> {
        let (_, _, json) = self.send_and_read(&call, Whole::default).await?;
        Ok(json)
    }

    /// Sends an apply. Its status code is enough for most callers, so the body stays unparsed.
    pub(super) async fn send_apply(&self, call: Call) -> Result<Applied, ClusterError> {
        let (code, was_repeated, body) = self.send_and_read(&call, Unread::default).await?;
        Ok(Applied {
            created: code == StatusCode::CREATED,
            was_repeated,
            attempt: call.attempt,
            server: self.server.clone(),
            body,
        })
    }

    /// Sends a request for a list and folds its items; `begin` creates an empty fold for each attempt.
    pub(super) async fn send_for_items<T: Fold>(
        &self,
        call: Call,
        begin: impl Fn() -> T,
    ) -> Result<T, ClusterError> {
        let begin = || Items::into(begin());
        let (_, _, folded) = self.send_and_read(&call, begin).await?;
        Ok(folded)
    }

    async fn send_and_read<R: Reader>(
        &self,
        call: &Call,
        begin: impl Fn() -> R,
    ) -> Result<(StatusCode, bool, R::Read), ClusterError> {
        let mut wait = FIRST_WAIT;
        let mut was_repeated = false;
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            if call.fence.as_ref().is_some_and(|fence| !fence.is_open()) {
                return Err(ClusterError::NotAllowed {
                    attempt: call.attempt.clone(),
                });
            }
            let error = match self.try_once(call, begin()).await {
                Ok((code, read)) => return Ok((code, was_repeated, read)),
                Err(error) => error,
            };
            let Some(asked) = self.wait_before_retry(call, &error).filter(|_| tries_left > 0) else {
                return Err(error);
            };
            was_repeated |= error.may_have_been_carried_out();
            let pause = wait.max(asked).min(LONGEST_WAIT);
            self.notify(&format!("{error}; retrying in {} ms", pause.as_millis()));
            tokio::time::sleep(pause).await;
            wait *= 2;
        }
    }

    /// Returns the delay that the server asks for before a retry; `None` when a retry cannot help.
    fn wait_before_retry(&self, call: &Call, error: &ClusterError) -> Option<Duration> {
        match error {
            ClusterError::Refused { status, .. } => match status.code {
                // Rejected before anything was done.
                429 => {}
                503 | 504 if call.is_repeatable() => {}
                _ => return None,
            },
            // A server that has never answered is not running; one that has is restarting.
            ClusterError::Unreachable { .. } | ClusterError::ProxyFailed { .. } if self.has_answered() => {}
            ClusterError::Broken { .. } if call.is_repeatable() => {}
            _ => return None,
        }
        let asked = error.status().and_then(|status| status.retry_after_seconds);
        Some(Duration::from_secs(asked.unwrap_or(0)))
    }

    async fn try_once<R: Reader>(
        &self,
        call: &Call,
        reader: R,
    ) -> Result<(StatusCode, R::Read), ClusterError> {
        let _slot = self.slots.acquire().await;
        let answer = tokio::time::timeout(DEADLINE, self.exchange(call, reader)).await;
        answer.unwrap_or_else(|_| {
            Err(ClusterError::Deadline {
                attempt: call.attempt.clone(),
                server: self.server.clone(),
                seconds: DEADLINE.as_secs(),
            })
        })
    }

    async fn exchange<R: Reader>(
        &self,
        call: &Call,
        reader: R,
    ) -> Result<(StatusCode, R::Read), ClusterError> {
        let bad_answer = |cause: String| ClusterError::BadAnswer {
            attempt: call.attempt.clone(),
            server: self.server.clone(),
            cause,
        };
        let encoding = if self.is_near { "identity" } else { GZIP };
        let request = call
            .request(encoding)
            .map_err(|error| bad_answer(error.to_string()))?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| self.transport_error(call, &error))?;
        self.answered.store(true, Ordering::Relaxed);
        let (head, body) = response.into_parts();
        if head.status == StatusCode::UNAUTHORIZED {
            return Err(ClusterError::Unauthorized {
                server: self.server.clone(),
            });
        }
        if !head.status.is_success() {
            let mut reader = Unpacked::new(&head.headers, Whole::default());
            self.read_body(call, body, &mut reader).await?;
            // A proxy on the way to the server may send any body; then only the status code is known.
            let json = reader.end().unwrap_or_default();
            let mut status = Status::deserialize(json).unwrap_or_default();
            status.code = head.status.as_u16();
            let retry_after = head.headers.get(header::RETRY_AFTER);
            status.retry_after_seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(ClusterError::Refused {
                attempt: call.attempt.clone(),
                status: Box::new(status),
            });
        }
        let mut reader = Unpacked::new(&head.headers, reader);
        self.read_body(call, body, &mut reader).await?;
        Ok((head.status, reader.end().map_err(bad_answer)?))
    }

    async fn read_body<R: Reader>(
        &self,
        call: &Call,
        mut body: Body,
        reader: &mut Unpacked<R>,
    ) -> Result<(), ClusterError> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| ClusterError::Broken {
                attempt: call.attempt.clone(),
                server: self.server.clone(),
                cause: deepest(&error),
            })?;
            if let Ok(bytes) = frame.into_data() {
                reader.feed(&bytes).map_err(|cause| ClusterError::BadAnswer {
                    attempt: call.attempt.clone(),
                    server: self.server.clone(),
                    cause,
                })?;
            }
        }
        Ok(())
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
        match &self.proxy {
            Some(proxy) if is_connect(error) && !is_tls(error) => ClusterError::ProxyFailed {
                server,
                proxy: proxy.clone(),
                cause,
            },
            _ if is_connect(error) => ClusterError::Unreachable { server, cause },
            _ => ClusterError::Broken {
                attempt: call.attempt.clone(),
                server,
                cause,
            },
        }
    }
}

/// Returns whether no connection was opened, so that nothing was carried out.
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

/// Whether the TLS handshake failed: then the server answered, and a proxy has done its part.
fn is_tls(error: &kube::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        // The connector wraps the handshake's error in another one of the same type.
        let outer = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let inner = outer.and_then(|inner| inner.downcast_ref::<io::Error>());
        if inner.is_some_and(|inner| inner.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        cause = error.source();
    }
    false
}
