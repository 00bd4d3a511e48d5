//! What can go wrong between this program and an API server, in our words.

use http::StatusCode;
use serde::Deserialize;

/// Why a request brought no answer, or no good one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClusterError {
    /// No connection came about.
    #[error("cannot reach the API server at {server}: {cause}")]
    Unreachable {
        /// The server's URL.
        server: String,
        /// Why, in the operating system's words.
        cause: String,
    },
    /// The proxy brought no connection to the server about.
    #[error("cannot reach the API server at {server} through the proxy {proxy}: {cause}")]
    ProxyFailed {
        /// The server's URL.
        server: String,
        /// The proxy's URL without credentials, and the setting that names it.
        proxy: String,
        /// Why.
        cause: String,
    },
    /// The connection broke before the answer was complete.
    #[error("could not {attempt}: the connection to {server} broke: {cause}")]
    Broken {
        /// What was attempted.
        attempt: String,
        /// The server's URL.
        server: String,
        /// Why.
        cause: String,
    },
    /// The answer did not come in time.
    #[error("could not {attempt}: {server} did not answer within {seconds} s")]
    Deadline {
        /// What was attempted.
        attempt: String,
        /// The server's URL.
        server: String,
        /// How long was waited.
        seconds: u64,
    },
    /// No credentials could be had for the context's user.
    #[error("no credentials for {server}: {cause}")]
    Credentials {
        /// The server's URL.
        server: String,
        /// Why.
        cause: String,
    },
    /// The server does not know who asks.
    #[error("{server} does not accept the credentials of this context (401 Unauthorized)")]
    Unauthorized {
        /// The server's URL.
        server: String,
    },
    /// The server refuses.
    #[error("could not {attempt}: {status}")]
    Refused {
        /// What was attempted.
        attempt: String,
        /// The server's answer.
        status: Box<Status>,
    },
    /// The server knows of the kind, and serves no version of it.
    #[error("could not {attempt}: the kind is defined, but no version of it is served")]
    NotServed {
        /// What was attempted.
        attempt: String,
    },
    /// The lock is not held any more, so nothing was sent.
    #[error("could not {attempt}: the lock is not held any more")]
    NotAllowed {
        /// What was attempted.
        attempt: String,
    },
    /// The answer is not what an API server sends.
    #[error("could not {attempt}: the answer of {server} is not understood: {cause}")]
    BadAnswer {
        /// What was attempted.
        attempt: String,
        /// The server's URL.
        server: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// An API server's refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// The refusal's class, such as `Conflict`.
    pub reason: String,
    /// The refusal in the server's words.
    pub message: String,
    /// What it refers to.
    pub details: Details,
    /// Seconds after which the server wants to be asked again.
    #[serde(skip)]
    pub retry_after_seconds: Option<u64>,
}

/// The parts of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The name of the object.
    pub name: String,
    /// One for each field or rule that caused it.
    pub causes: Vec<Cause>,
}

/// One reason of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// The reason's class, such as `FieldValueInvalid`.
    pub reason: String,
    /// What is wrong, in the server's words.
    pub message: String,
    /// The field that it is about.
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
    /// The server's refusal, when it is one.
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

    /// Whether the object, its namespace or its kind is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.has_code(StatusCode::NOT_FOUND)
    }

    /// Whether the server does not know the kind: then its answer names no object.
    #[must_use]
    pub fn is_unknown_kind(&self) -> bool {
        let no_name = |status: &Status| status.details.name.is_empty();
        self.is_not_found() && self.status().is_some_and(no_name)
    }

    /// Whether an object of that name is there already.
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        self.status()
            .is_some_and(|status| status.reason == "AlreadyExists")
    }

    /// Whether the right to do this is missing.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.has_code(StatusCode::FORBIDDEN)
    }

    /// Whether somebody else wrote first.
    #[must_use]
    pub fn is_lost_race(&self) -> bool {
        self.status().is_some_and(|status| {
            status.code == StatusCode::CONFLICT.as_u16() && status.details.causes.is_empty()
        })
    }

    /// Whether fields belong to another manager.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status().is_some_and(|status| {
            let causes = &status.details.causes;
            status.code == StatusCode::CONFLICT.as_u16()
                && causes.iter().any(|cause| cause.reason == "FieldManagerConflict")
        })
    }

    /// Whether the server may have done what was asked, although it did not say so.
    #[must_use]
    pub fn may_have_been_carried_out(&self) -> bool {
        match self {
            // Turned away before anything was done.
            Self::Refused { status, .. } => status.code != StatusCode::TOO_MANY_REQUESTS.as_u16(),
            Self::Unreachable { .. } | Self::ProxyFailed { .. } => false,
            _ => true,
        }
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some(
                "is the cluster running? `minikube status`, or `just sandbox up` for the sandbox".to_owned(),
            ),
            Self::ProxyFailed { .. } => Some(
                "correct the proxy's setting; NO_PROXY lists servers that are reached without HTTPS_PROXY"
                    .to_owned(),
            ),
            Self::Unauthorized { .. } => Some(
                "log in again, or check the context's user with `kubectl config view --minify`".to_owned(),
            ),
            Self::Refused { .. } if self.is_forbidden() => {
                Some("this user lacks a right: `kubectl auth can-i --list` shows what it may do".to_owned())
            }
            Self::Deadline { .. } | Self::Broken { .. } => {
                Some("the same command can be repeated safely".to_owned())
            }
            _ => None,
        }
    }
}
