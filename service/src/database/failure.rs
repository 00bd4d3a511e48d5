//! The driver's errors in our words; theirs hold `Debug` output and the addresses of everything they know.

use std::io;

use mongodb::error::{Error, ErrorKind};

/// What went wrong between this service and MongoDB.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// No server took the call; nothing was stored.
    #[error("cannot reach MongoDB at `{addresses}`: {reason}")]
    Unreachable {
        /// Host and port of every known server.
        addresses: String,
        /// The cause in a few words.
        reason: &'static str,
    },
    /// MongoDB does not know the user or the password.
    #[error("MongoDB at `{addresses}` refuses the user name or the password of the connection string")]
    AuthenticationFailed {
        /// Host and port of every known server.
        addresses: String,
    },
    /// The user may not do this.
    #[error("the user of the connection string may not do this: {message}")]
    NotAuthorized {
        /// MongoDB's words.
        message: String,
    },
    /// No answer in time; nothing was to be stored.
    #[error("MongoDB did not answer in time")]
    TimedOut,
    /// Too much is under way already; nothing was sent.
    #[error("too many requests for MongoDB are under way")]
    Overloaded,
    /// The call to store was cut off, so nobody knows whether the document is there.
    #[error("the connection to MongoDB was lost before it confirmed the document")]
    OutcomeUnknown,
    /// Another document has this `_id`.
    #[error("a document with this `_id` is already stored")]
    DuplicateId,
    /// MongoDB does not take this document.
    #[error("MongoDB does not store this document: {message}")]
    Refused {
        /// MongoDB's words.
        message: String,
    },
    /// MongoDB answered with an error that has no words of its own here.
    #[error("MongoDB answered with error {code}: {message}")]
    Command {
        /// MongoDB's number of the error.
        code: i32,
        /// MongoDB's words.
        message: String,
    },
    /// Something that should not happen, in the driver or in this service.
    #[error("the call to MongoDB broke down inside this service")]
    Internal,
}

// Numbers from MongoDB's `error_codes.yml`.
const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
const MAX_TIME_EXPIRED: i32 = 50;
const DUPLICATE_KEY: i32 = 11000;
/// The server stopped or stepped down while it had the call in hand, which says nothing about the document.
const INTERRUPTED: [i32; 5] = [91, 189, 11600, 11602, 13436];
/// The server is not, or not yet, the primary: it took nothing.
const NOT_PRIMARY: [i32; 3] = [10058, 10107, 13435];
/// The server takes no documents for now, whatever they are: writes are blocked, it is overloaded, its disk is full.
const NOT_ACCEPTING: [i32; 3] = [371, 365, 14031];
const NO_PRIMARY: &str = "no server is primary";

/// Translates the error of a call that changes nothing.
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
            code if INTERRUPTED.contains(&code) => unreachable("it is stopping"),
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
        ErrorKind::DnsResolve { .. } => unreachable("its name cannot be resolved"),
        ErrorKind::InvalidTlsConfig { .. } => unreachable("TLS cannot be set up"),
        ErrorKind::IncompatibleServer { .. } => unreachable("its version is not supported"),
        ErrorKind::Shutdown => unreachable("this service is stopping"),
        _ => Failure::Internal,
    }
}

/// Translates the error of a call that stores documents, where it is about the call as a whole.
fn write_failure(error: &Error, addresses: &str) -> Failure {
    match error.kind.as_ref() {
        ErrorKind::InvalidResponse { .. } => Failure::OutcomeUnknown,
        ErrorKind::Command(command) if INTERRUPTED.contains(&command.code) => Failure::OutcomeUnknown,
        // A connection that the driver gives up because its server is silent may have carried the document already. Those
        // who still waited for a connection are told by the same error, in other words.
        ErrorKind::ConnectionPoolCleared { message, .. } if message.contains("interrupted") => {
            Failure::OutcomeUnknown
        }
        // A connection that was never made has carried nothing; any other may have.
        ErrorKind::Io(io) if io.kind() != io::ErrorKind::ConnectionRefused => Failure::OutcomeUnknown,
        _ => read_failure(error, addresses),
    }
}

/// Translates the error of a call that stores documents, for each of them; `None` for one that is stored.
pub(super) fn batch_failures(error: &Error, documents: usize, addresses: &str) -> Vec<Option<Failure>> {
    let ErrorKind::InsertMany(many) = error.kind.as_ref() else {
        let failure = match write_failure(error, addresses) {
            // What ends a call in the middle comes after the first documents are stored.
            Failure::Command { .. }
            | Failure::TimedOut
            | Failure::Unreachable {
                reason: NO_PRIMARY, ..
            } if documents > 1 => Failure::OutcomeUnknown,
            failure => failure,
        };
        return vec![Some(failure); documents];
    };
    // Stored, but a majority did not confirm that they stay.
    let unconfirmed = many.write_concern_error.as_ref().map(|_| Failure::OutcomeUnknown);
    let mut failures = vec![unconfirmed.clone(); documents];
    for write in many.write_errors.iter().flatten() {
        if let Some(failure) = failures.get_mut(write.index) {
            *failure = match document_failure(write.code, &write.message, addresses) {
                // The document that is there may be a first attempt, which may not stay either.
                Failure::DuplicateId if unconfirmed.is_some() => unconfirmed.clone(),
                certain => Some(certain),
            };
        }
    }
    failures
}

/// Tells whether the call itself went well, and MongoDB only did not take some of the documents.
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

/// Translates what MongoDB says about one document.
fn document_failure(code: i32, message: &str, addresses: &str) -> Failure {
    let unreachable = |reason| Failure::Unreachable {
        addresses: addresses.to_owned(),
        reason,
    };
    match code {
        DUPLICATE_KEY => Failure::DuplicateId,
        code if INTERRUPTED.contains(&code) => Failure::OutcomeUnknown,
        code if NOT_PRIMARY.contains(&code) => unreachable(NO_PRIMARY),
        code if NOT_ACCEPTING.contains(&code) => unreachable("it takes no documents now"),
        _ => Failure::Refused {
            message: message.to_owned(),
        },
    }
}

/// Translates the message of a search for a server that found none.
///
/// A connection that cannot log in makes the driver forget the server, so that from then on it only says "none found".
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

/// The driver has the cause only inside a text, so it is looked for there.
fn connection_reason(text: &str) -> &'static str {
    let known = [
        ("Connection refused", "connection refused"),
        ("failed to lookup address", "its name cannot be resolved"),
        ("Name or service not known", "its name cannot be resolved"),
        ("No route to host", "no route to the host"),
        ("invalid peer certificate", "its certificate is not trusted"),
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

    /// What becomes of three documents.
    fn check(reply: serde_json::Value, expected: &[Option<Failure>; 3]) {
        assert_eq!(batch_failures(&error(reply), 3, "host"), expected);
    }

    #[test]
    fn a_call_failed_where_more_is_wrong_than_its_documents() {
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
        // A duplicate may be of a first attempt that does not stay; what is refused is refused.
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
