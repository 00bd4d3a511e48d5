//! What images are pulled with. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::metadata::{SYSTEM, metadata};
use crate::environment::{Environment, Password, PullSecret};

/// Name of the Secret in each namespace.
const NAME: &str = "image-pull";

/// Builds the Secret of a namespace with which the kubelet logs in to the registry.
///
/// # Panics
/// Never: texts are written as JSON.
#[must_use]
pub fn pull_secret(
    environment: &Environment,
    namespace: &str,
    settings: &PullSecret,
    password: &Password,
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
        data: Some([(".dockerconfigjson".to_owned(), ByteString(text))].into()),
        ..Secret::default()
    }
}
