//! Errors of requests to an API server.

use http::StatusCode;
use serde::Deserialize;

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClusterError {
    /// The connection could not be opened.
    #[error("cannot reach the API server at {server}: {cause}")]
    Unreachable {
        /// The server's URL.
        server: String,
        /// The operating system's error message.
        cause: String,
    },
    /// The proxy could not be reached, or did not connect to the server.
    #[error("cannot reach the API server at {server} through the proxy {proxy}: {cause}")]
    ProxyFailed {
        /// The server's URL.
        server: String,
        /// The proxy's URL without credentials, and the setting that names it.
        proxy: String,
        /// The innermost error message.
        cause: String,
    },
    /// The connection broke before the response was complete.
    #[error("could not {attempt}: the connection to {server} broke: {cause}")]
    Broken {
        /// What was attempted; completes "could not …".
        attempt: String,
        /// The server's URL.
        server: String,
        /// The innermost error message.
        cause: String,
    },
    /// The server did not respond before the deadline.
    #[error("could not {attempt}: {server} did not answer within {seconds} s")]
    Deadline {
        /// What was attempted; completes "could not …".
        attempt: String,
        /// The server's URL.
        server: String,
        /// The deadline in seconds.
        seconds: u64,
    },
    /// The credentials of the context's user could not be obtained.
    #[error("no credentials for {server}: {cause}")]
    Credentials {
        /// The server's URL.
        server: String,
        /// The innermost error message.
        cause: String,
    },
    /// The server does not accept the credentials.
    #[error("{server} does not accept the credentials of this context (401 Unauthorized)")]
    Unauthorized {
        /// The server's URL.
        server: String,
    },
    /// The server refused the request.
    #[error("could not {attempt}: {status}")]
    Refused {
        /// What was attempted; completes "could not …".
        attempt: String,
        /// The server's refusal.
        status: Box<Status>,
    },
    /// The kind is defined, but the server serves no version of it.
    #[error("could not {attempt}: the kind is defined, but no version of it is served")]
    NotServed {
        /// What was attempted; completes "could not …".
        attempt: String,
    },
    /// The lock is no longer held, so nothing was sent.
    #[error("could not {attempt}: the lock is no longer held")]
    NotAllowed {
        /// What was attempted; completes "could not …".
        attempt: String,
    },
    /// The response is not a valid API response.
    #[error("could not {attempt}: invalid response from {server}: {cause}")]
    BadAnswer {
        /// What was attempted; completes "could not …".
        attempt: String,
        /// The server's URL.
        server: String,
        /// Why the response is invalid.
        cause: String,
    },
}

/// An API server's refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason, such as `Conflict`.
    pub reason: String,
    /// The server's message.
    pub message: String,
    /// The object and the causes.
    pub details: Details,
    /// Seconds to wait before the next attempt, from `Retry-After`.
    #[serde(skip)]
    pub retry_after_seconds: Option<u64>,
}

/// Details of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The name of the object.
    pub name: String,
    /// One entry for each field or rule that caused the refusal.
    pub causes: Vec<Cause>,
}

/// One cause of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// Machine-readable reason, such as `FieldValueInvalid`.
    pub reason: String,
    /// The server's message.
    pub message: String,
    /// The affected field.
    pub field: String,
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.message.is_empty() {
            write!(formatter, "the server answered {}", self.code)
        } else {
            formatter.write_str(&self.message)
        }
    }
}

impl ClusterError {
    /// Returns the server's refusal, if that is the error.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Refused { status, .. } => Some(status),
            _ => None,
        }
    }

    fn has_code(&self, code: StatusCode) -> bool {
        self.status().is_some_and(|status| status.code == code.as_u16())
    }

    /// Returns whether the object, its namespace or its kind does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.has_code(StatusCode::NOT_FOUND)
    }

    /// Returns whether the server does not know the kind: such a response names no object.
    #[must_use]
    pub fn is_unknown_kind(&self) -> bool {
        let no_name = |status: &Status| status.details.name.is_empty();
        self.is_not_found() && self.status().is_some_and(no_name)
    }

    /// Returns whether an object of that name already exists.
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        self.status()
            .is_some_and(|status| status.reason == "AlreadyExists")
    }

    /// Returns whether the user lacks permission.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.has_code(StatusCode::FORBIDDEN)
    }

    /// Returns whether another client wrote first.
    #[must_use]
    pub fn is_lost_race(&self) -> bool {
        self.status().is_some_and(|status| {
            status.code == StatusCode::CONFLICT.as_u16() && status.details.causes.is_empty()
        })
    }

    /// Returns whether fields belong to another field manager.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status().is_some_and(|status| {
            let causes = &status.details.causes;
            status.code == StatusCode::CONFLICT.as_u16()
                && causes.iter().any(|cause| cause.reason == "FieldManagerConflict")
        })
    }

    /// Returns whether the server may have carried out the request despite the error.
    #[must_use]
    pub fn may_have_been_carried_out(&self) -> bool {
        match self {
            // Rejected before anything was done.
            Self::Refused { status, .. } => status.code != StatusCode::TOO_MANY_REQUESTS.as_u16(),
            Self::Unreachable { .. } | Self::ProxyFailed { .. } => false,
            _ => true,
        }
    }

    /// Returns what to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some(
                "is the cluster running? `minikube status`, or `just sandbox up` for the sandbox".to_owned(),
            ),
            Self::ProxyFailed { .. } => {
                Some("correct the proxy setting; servers listed in NO_PROXY bypass HTTPS_PROXY".to_owned())
            }
            Self::Unauthorized { .. } => Some(
                "log in again, or check the context's user with `kubectl config view --minify`".to_owned(),
            ),
            Self::Refused { .. } if self.is_forbidden() => Some(
                "this user lacks a permission; list its permissions with `kubectl auth can-i --list`"
                    .to_owned(),
            ),
            Self::Deadline { .. } | Self::Broken { .. } => {
                Some("it is safe to run the same command again".to_owned())
            }
            _ => None,
        }
    }
}
