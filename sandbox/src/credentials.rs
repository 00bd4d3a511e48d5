//! The database passwords: generated once per directory, never in arguments or logs.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::{SandboxError, directory::Directory, files, ports::Ports};

/// The data API's database, which also stores its user.
pub(crate) const DATABASE: &str = "flask_db";
/// The data API's user.
pub(crate) const APPLICATION_USER: &str = "flask_app";
/// The administrator.
pub(crate) const ROOT_USER: &str = "root";

/// The passwords of both users.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) root_password: String,
    pub(crate) application_password: String,
}

impl Credentials {
    /// Reads the passwords of a directory, or generates and stores them at the first start.
    pub(crate) fn load_or_create(directory: &Directory) -> Result<Self, SandboxError> {
        let path = directory.mongodb_passwords();
        if let Some(credentials) = files::read_json(&path)? {
            return Ok(credentials);
        }
        // Passwords are stored before MongoDB's first start, so data without passwords is not an interrupted start.
        if directory.mongodb_data().join("WiredTiger").exists() {
            return Err(SandboxError::PasswordsLost {
                directory: directory.root().to_path_buf(),
            });
        }
        let credentials = Self {
            root_password: random_password()?,
            application_password: random_password()?,
        };
        files::write_json(&path, &credentials)?;
        Ok(credentials)
    }

    /// Reads the passwords of a running sandbox.
    pub(crate) fn load(directory: &Directory) -> Result<Self, SandboxError> {
        files::read_json(&directory.mongodb_passwords())?.ok_or_else(|| SandboxError::PasswordsLost {
            directory: directory.root().to_path_buf(),
        })
    }

    /// The URI of the data API's user, with access to its database only.
    pub(crate) fn application_uri(&self, ports: Ports) -> String {
        let password = utf8_percent_encode(&self.application_password, NON_ALPHANUMERIC);
        format!(
            "mongodb://{APPLICATION_USER}:{password}@127.0.0.1:{}/{DATABASE}",
            ports.mongodb
        )
    }

    pub(crate) fn root_uri(&self, ports: Ports) -> String {
        let password = utf8_percent_encode(&self.root_password, NON_ALPHANUMERIC);
        format!(
            "mongodb://{ROOT_USER}:{password}@127.0.0.1:{}/?authSource=admin",
            ports.mongodb
        )
    }
}

/// Shows no password.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials")
    }
}

/// Generates 144 random bits, plus characters that break a URI, a shell or a script without correct encoding.
fn random_password() -> Result<String, SandboxError> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{}p@:/?#[]%w", URL_SAFE_NO_PAD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_survives_the_uri() {
        let credentials = Credentials {
            root_password: "r".into(),
            application_password: "p@:/?#[]%w".into(),
        };
        let ports = Ports {
            mongodb: 27017,
            ..Ports::default()
        };
        assert_eq!(
            credentials.application_uri(ports),
            "mongodb://flask_app:p%40%3A%2F%3F%23%5B%5D%25w@127.0.0.1:27017/flask_db"
        );
        assert_eq!(
            credentials.root_uri(ports),
            "mongodb://root:r@127.0.0.1:27017/?authSource=admin"
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let credentials = Credentials {
            root_password: "secret".into(),
            application_password: "secret".into(),
        };
        assert!(!format!("{credentials:?}").contains("secret"));
    }
}
