//! The Secret for pulling images. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::metadata::{SYSTEM, metadata};
use crate::environment::{Environment, PullSecret};
use engine_core::object::ObjectId;
use engine_core::secret::SecretValue;
use engine_core::stack::id_of;

/// Name of the Secret in each namespace.
const NAME: &str = "image-pull";

/// Name of its entry, as the kubelet expects it.
const ENTRY: &str = ".dockerconfigjson";

/// Builds the Secret that the kubelet uses to log in to the registry, for one namespace.
///
/// # Panics
/// Never: strings always serialize as JSON.
#[must_use]
pub fn pull_secret(
    environment: &Environment,
    namespace: &str,
    settings: &PullSecret,
    password: &SecretValue,
) -> Secret {
    let PullSecret { server, username, .. } = settings;
    let password = password.expose();
    let login = json!({
        "username": username,
        "password": password,
        "auth": STANDARD.encode(format!("{username}:{password}")),
    });
    let logins = json!({ "auths": { (server.as_str()): login } });
    let text = serde_json::to_vec(&logins).expect("texts are written as JSON");
    Secret {
        metadata: metadata(environment, SYSTEM, Some(namespace), NAME),
        type_: Some("kubernetes.io/dockerconfigjson".to_owned()),
        data: Some([(ENTRY.to_owned(), ByteString(text))].into()),
        ..Secret::default()
    }
}

/// The Secret that a lost password is recovered from.
#[must_use]
pub fn id(environment: &Environment) -> ObjectId {
    id_of::<Secret>(Some(environment.namespaces.app.as_str()), NAME)
}

/// Reads the password for a registry from the live Secret; `None` if the Secret is for another registry or user, or malformed.
#[must_use]
pub fn read_back(secret: &Value, settings: &PullSecret) -> Option<SecretValue> {
    let text = STANDARD.decode(secret["data"][ENTRY].as_str()?).ok()?;
    let logins: Value = serde_json::from_slice(&text).ok()?;
    let login = &logins["auths"][settings.server.as_str()];
    let is_same_user = login["username"] == *settings.username;
    let password = login["password"].as_str().filter(|_| is_same_user)?;
    Some(SecretValue::from(password.to_owned()))
}
