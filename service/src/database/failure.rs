//! Translates the driver's errors, whose texts contain `Debug` output and every known address.

use std::io;

use mongodb::error::{Error, ErrorKind};

/// Why a call to MongoDB failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// No server accepted the call; nothing was stored.
    #[error("cannot reach MongoDB at `{addresses}`: {reason}")]
    Unreachable {
        /// Host and port of every known server.
        addresses: String,
        reason: &'static str,
    },
    #[error("MongoDB at `{addresses}` rejected the user name or password")]
    AuthenticationFailed { addresses: String },
    #[error("the MongoDB user is not authorized: {message}")]
    NotAuthorized { message: String },
    /// Only for calls that store nothing.
    #[error("MongoDB did not answer in time")]
    TimedOut,
    /// Nothing was sent.
    #[error("too many concurrent requests to MongoDB")]
    Overloaded,
    /// The insert was cut off, and the document may or may not be stored.
    #[error("lost the connection to MongoDB before it confirmed the insert")]
    OutcomeUnknown,
    #[error("a document with this `_id` already exists")]
    DuplicateId,
    #[error("MongoDB rejected the document: {message}")]
    Refused { message: String },
    /// Any other error response.
    #[error("MongoDB returned error {code}: {message}")]
    Command { code: i32, message: String },
    /// A bug in the driver or in this service.
    #[error("internal error in a call to MongoDB")]
    Internal,
}

// Codes from MongoDB's `error_codes.yml`.
const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
const MAX_TIME_EXPIRED: i32 = 50;
const DUPLICATE_KEY: i32 = 11000;
/// The server shut down or stepped down during the call; the document may or may not be stored.
const INTERRUPTED: [i32; 5] = [91, 189, 11600, 11602, 13436];
/// The server is not the primary, or not yet; nothing was stored.
const NOT_PRIMARY: [i32; 3] = [10058, 10107, 13435];
/// The server accepts no writes: they are blocked, it is overloaded, or its disk is full.
const NOT_ACCEPTING: [i32; 3] = [371, 365, 14031];
const NO_PRIMARY: &str = "no primary available";

/// Translates the error of a read.
pub(super) fn read_failure(error: &Error, addresses: &str) -> Failure {
    let unreachable = |reason| Failure::Unreachable {
        addresses: addresses.to_owned(),
        reason,
    };
    match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => Failure::AuthenticationFailed {
            addresses: addresses.to_owned(),
        },
        ErrorKind::Command(command) => match command.code {
            AUTHENTICATION_FAILED => Failure::AuthenticationFailed {
                addresses: addresses.to_owned(),
            },
            UNAUTHORIZED => Failure::NotAuthorized {
                message: command.message.clone(),
            },
            MAX_TIME_EXPIRED => Failure::TimedOut,
            code if INTERRUPTED.contains(&code) => unreachable("the server is shutting down"),
            code if NOT_PRIMARY.contains(&code) => unreachable(NO_PRIMARY),
            code => Failure::Command {
                code,
                message: command.message.clone(),
            },
        },
        ErrorKind::Io(io) if io.kind() == io::ErrorKind::TimedOut => Failure::TimedOut,
        ErrorKind::Io(io) => unreachable(connection_reason(&io.to_string())),
        ErrorKind::ServerSelection { message, .. } | ErrorKind::ConnectionPoolCleared { message, .. } => {
            selection_failure(message, addresses)
        }
        ErrorKind::DnsResolve { .. } => unreachable("cannot resolve the host name"),
        ErrorKind::InvalidTlsConfig { .. } => unreachable("invalid TLS configuration"),
        ErrorKind::IncompatibleServer { .. } => unreachable("unsupported server version"),
        ErrorKind::Shutdown => unreachable("the service is shutting down"),
        _ => Failure::Internal,
    }
}

/// Translates the error of a whole insert command.
fn write_failure(error: &Error, addresses: &str) -> Failure {
    match error.kind.as_ref() {
        ErrorKind::InvalidResponse { .. } => Failure::OutcomeUnknown,
        ErrorKind::Command(command) if INTERRUPTED.contains(&command.code) => Failure::OutcomeUnknown,
        // A connection that the driver gives up on a silent server may already have carried the document. Calls that
        // were still waiting for a connection get the same error with another message.
        ErrorKind::ConnectionPoolCleared { message, .. } if message.contains("interrupted") => {
            Failure::OutcomeUnknown
        }
        // A connection that was never established carried nothing; any other may have.
        ErrorKind::Io(io) if io.kind() != io::ErrorKind::ConnectionRefused => Failure::OutcomeUnknown,
        _ => read_failure(error, addresses),
    }
}

/// Translates the error of an insert command for each of its documents; `None` means stored.
pub(super) fn batch_failures(error: &Error, documents: usize, addresses: &str) -> Vec<Option<Failure>> {
    let ErrorKind::InsertMany(many) = error.kind.as_ref() else {
        let failure = match write_failure(error, addresses) {
            // An error in the middle of a command comes after its first documents were stored.
            Failure::Command { .. }
            | Failure::TimedOut
            | Failure::Unreachable {
                reason: NO_PRIMARY, ..
            } if documents > 1 => Failure::OutcomeUnknown,
            failure => failure,
        };
        return vec![Some(failure); documents];
    };
    // Stored, but not confirmed by a majority.
    let unconfirmed = many.write_concern_error.as_ref().map(|_| Failure::OutcomeUnknown);
    let mut failures = vec![unconfirmed.clone(); documents];
    for write in many.write_errors.iter().flatten() {
        if let Some(failure) = failures.get_mut(write.index) {
            *failure = match document_failure(write.code, &write.message, addresses) {
                // The existing document may be an unconfirmed first attempt.
                Failure::DuplicateId if unconfirmed.is_some() => unconfirmed.clone(),
                certain => Some(certain),
            };
        }
    }
    failures
}

/// Tells whether the command succeeded and MongoDB only rejected individual documents.
pub(super) fn concerns_documents_only(error: &Error) -> bool {
    let ErrorKind::InsertMany(many) = error.kind.as_ref() else {
        return false;
    };
    let is_about_the_server = |code: i32| {
        INTERRUPTED.contains(&code) || NOT_PRIMARY.contains(&code) || NOT_ACCEPTING.contains(&code)
    };
    let mut errors = many.write_errors.iter().flatten();
    many.write_concern_error.is_none() && !errors.any(|write| is_about_the_server(write.code))
}

/// Translates MongoDB's error for one document.
fn document_failure(code: i32, message: &str, addresses: &str) -> Failure {
    let unreachable = |reason| Failure::Unreachable {
        addresses: addresses.to_owned(),
        reason,
    };
    match code {
        DUPLICATE_KEY => Failure::DuplicateId,
        code if INTERRUPTED.contains(&code) => Failure::OutcomeUnknown,
        code if NOT_PRIMARY.contains(&code) => unreachable(NO_PRIMARY),
        code if NOT_ACCEPTING.contains(&code) => unreachable("the server is not accepting writes"),
        _ => Failure::Refused {
            message: message.to_owned(),
        },
    }
}

/// Translates a failed server selection.
///
/// After a failed login the driver forgets the server and from then on only reports that it found none.
fn selection_failure(message: &str, addresses: &str) -> Failure {
    let addresses = addresses.to_owned();
    if message.contains("AuthenticationFailed") {
        return Failure::AuthenticationFailed { addresses };
    }
    Failure::Unreachable {
        addresses,
        reason: connection_reason(message),
    }
}

/// Extracts the cause from the driver's message, its only source.
fn connection_reason(text: &str) -> &'static str {
    let known = [
        ("Connection refused", "connection refused"),
        ("failed to lookup address", "cannot resolve the host name"),
        ("Name or service not known", "cannot resolve the host name"),
        ("No route to host", "no route to host"),
        ("invalid peer certificate", "untrusted certificate"),
        ("Connection reset", "connection reset"),
    ];
    known
        .into_iter()
        .find(|(pattern, _)| text.contains(pattern))
        .map_or("no answer", |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use mongodb::error::InsertManyError;

    use super::*;

    fn error(reply: serde_json::Value) -> Error {
        let many: InsertManyError = serde_json::from_value(reply).unwrap();
        ErrorKind::InsertMany(many).into()
    }

    /// Checks the failures of a command with three documents.
    fn check(reply: serde_json::Value, expected: &[Option<Failure>; 3]) {
        assert_eq!(batch_failures(&error(reply), 3, "host"), expected);
    }

    #[test]
    fn a_rejected_document_is_not_a_failed_call() {
        let check = |reply: serde_json::Value, expected| {
            assert_eq!(
                concerns_documents_only(&error(reply.clone())),
                expected,
                "{reply}"
            );
        };
        let write = |code| serde_json::json!([{ "index": 0, "code": code, "errmsg": "" }]);
        check(serde_json::json!({ "writeErrors": write(11000) }), true);
        check(serde_json::json!({ "writeErrors": write(121) }), true);
        check(serde_json::json!({ "writeErrors": write(14031) }), false);
        check(serde_json::json!({ "writeErrors": write(10107) }), false);
        let late = serde_json::json!({ "code": 64, "codeName": "WriteConcernFailed", "errmsg": "late" });
        check(
            serde_json::json!({ "writeErrors": write(11000), "writeConcernError": late }),
            false,
        );
        assert!(!concerns_documents_only(&Error::from(ErrorKind::Shutdown)));
    }

    #[test]
    fn each_document_has_its_own_failure() {
        let refused = Failure::Refused {
            message: "no".to_owned(),
        };
        let unconfirmed =
            serde_json::json!({ "code": 64, "codeName": "WriteConcernFailed", "errmsg": "late" });
        let errors = serde_json::json!([
            { "index": 0, "code": 11000, "errmsg": "twice" },
            { "index": 2, "code": 121, "errmsg": "no" },
        ]);
        check(
            serde_json::json!({ "writeErrors": errors }),
            &[Some(Failure::DuplicateId), None, Some(refused.clone())],
        );
        // A duplicate may be an unconfirmed first attempt; a rejection is certain.
        let unknown = Some(Failure::OutcomeUnknown);
        check(
            serde_json::json!({ "writeErrors": errors, "writeConcernError": unconfirmed }),
            &[unknown.clone(), unknown.clone(), Some(refused)],
        );
        check(
            serde_json::json!({ "writeConcernError": unconfirmed }),
            &[unknown.clone(), unknown.clone(), unknown],
        );
    }
}
