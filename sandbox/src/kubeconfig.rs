//! Self-contained kubeconfig files, with embedded certificates.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    SandboxError, certificates::Certificate, component::Component, directory::Directory, files, ports::Ports,
};

/// The name of the context, the cluster and the user.
pub(crate) const CONTEXT: &str = "sandbox";

/// Writes the user's kubeconfig and those of the components.
pub(crate) fn write_all(directory: &Directory, ports: Ports) -> Result<(), SandboxError> {
    let own = [
        (Component::KubeControllerManager, Certificate::ControllerManager),
        (Component::KubeScheduler, Certificate::Scheduler),
        (Component::Kwok, Certificate::Kwok),
    ];
    for (component, certificate) in own {
        write(
            &directory.component_kubeconfig(component),
            certificate,
            directory,
            ports,
        )?;
    }
    write(&directory.kubeconfig(), Certificate::Admin, directory, ports)
}

fn write(
    path: &Path,
    certificate: Certificate,
    directory: &Directory,
    ports: Ports,
) -> Result<(), SandboxError> {
    let embed = |file: &Path| {
        std::fs::read(file)
            .map(|content| STANDARD.encode(content))
            .map_err(SandboxError::file("read", file))
    };
    let content = format!(
        "\
apiVersion: v1
kind: Config
current-context: {CONTEXT}
contexts:
- name: {CONTEXT}
  context:
    cluster: {CONTEXT}
    user: {CONTEXT}
clusters:
- name: {CONTEXT}
  cluster:
    server: https://127.0.0.1:{port}
    certificate-authority-data: {authority}
users:
- name: {CONTEXT}
  user:
    client-certificate-data: {certificate_data}
    client-key-data: {key}
",
        port = ports.api_server,
        authority = embed(&certificate.authority(directory))?,
        certificate_data = embed(&certificate.certificate(directory))?,
        key = embed(&certificate.key(directory))?,
    );
    files::write_private(path, content.as_bytes())
}
