//! The sandbox's certificate authorities and the certificates that they sign.

mod issue;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{SandboxError, directory::Directory, files};

/// A key pair of the sandbox with its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Server certificate of etcd, and client certificate for its peer.
    Etcd,
    /// Client certificate of the API server for etcd.
    EtcdClient,
    ApiServer,
    /// Client certificate for the API server, and server certificate for `/healthz`.
    ControllerManager,
    /// Client certificate for the API server, and server certificate for `/healthz`.
    Scheduler,
    /// Client certificate of kwok, which replaces the kubelets.
    Kwok,
    /// Client certificate of the user.
    Admin,
    /// Signs service account tokens; has a public key instead of a certificate.
    ServiceAccount,
}

/// etcd has a separate authority, so that no client certificate of the API server gives access to etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Authority {
    Kubernetes,
    Etcd,
}

impl Authority {
    const ALL: [Self; 2] = [Self::Kubernetes, Self::Etcd];

    const fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "ca",
            Self::Etcd => "etcd-ca",
        }
    }
}

impl Certificate {
    const ALL: [Self; 8] = [
        Self::Etcd,
        Self::EtcdClient,
        Self::ApiServer,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Kwok,
        Self::Admin,
        Self::ServiceAccount,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::EtcdClient => "etcd-client",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
            Self::Admin => "admin",
            Self::ServiceAccount => "service-account",
        }
    }

    const fn signed_by(self) -> Authority {
        match self {
            Self::Etcd | Self::EtcdClient => Authority::Etcd,
            _ => Authority::Kubernetes,
        }
    }

    /// The user name for RBAC.
    const fn common_name(self) -> &'static str {
        match self {
            Self::ControllerManager => "system:kube-controller-manager",
            Self::Scheduler => "system:kube-scheduler",
            Self::Kwok => "sandbox-kwok",
            Self::Admin => "sandbox-admin",
            other => other.name(),
        }
    }

    /// The group for RBAC.
    const fn organization(self) -> Option<&'static str> {
        match self {
            // kwok writes the status of nodes, pods and volumes; no built-in role allows all three.
            Self::Kwok | Self::Admin => Some("system:masters"),
            _ => None,
        }
    }

    /// The certificate file, or the public key file for service accounts.
    pub(crate) fn certificate(self, directory: &Directory) -> PathBuf {
        directory.certificates().join(self.certificate_name())
    }

    pub(crate) fn key(self, directory: &Directory) -> PathBuf {
        directory.certificates().join(self.key_name())
    }

    /// The certificate file of the signing authority.
    pub(crate) fn authority(self, directory: &Directory) -> PathBuf {
        directory
            .certificates()
            .join(format!("{}.crt", self.signed_by().name()))
    }

    fn certificate_name(self) -> String {
        format!(
            "{}.{}",
            self.name(),
            if self == Self::ServiceAccount {
                "pub"
            } else {
                "crt"
            }
        )
    }

    fn key_name(self) -> String {
        format!("{}.key", self.name())
    }
}

/// Incremented with every change of the tables above, so that an older directory gets new certificates.
const FORMAT: u32 = 1;
const VALID_DAYS: i64 = 3650;
/// A start replaces certificates that expire within this time, so that none expires while the sandbox runs.
const SPARE_DAYS: i64 = 30;

/// The content of `issued.json`, beside the certificates.
#[derive(Serialize, Deserialize)]
struct Issued {
    format: u32,
    valid_until: jiff::Timestamp,
}

/// Creates the certificates of a directory unless valid ones exist.
pub(crate) fn ensure(directory: &Directory) -> Result<(), SandboxError> {
    let target = directory.certificates();
    let now = jiff::Timestamp::now();
    let spare = jiff::SignedDuration::from_hours(24 * SPARE_DAYS);
    if let Ok(Some(Issued {
        format: FORMAT,
        valid_until,
    })) = files::read_json(&target.join("issued.json"))
        && valid_until - spare > now
    {
        return Ok(());
    }
    // Written to a temporary directory and renamed: an interrupted start leaves the old set or none.
    let fresh = target.with_extension("new");
    remove_if_present(&fresh)?;
    files::create_private_directory(&fresh)?;
    let valid_until = now + jiff::SignedDuration::from_hours(24 * VALID_DAYS);
    for (name, pem) in issue::all(now, valid_until)? {
        files::write_private(&fresh.join(name), pem.as_bytes())?;
    }
    files::write_json(
        &fresh.join("issued.json"),
        &Issued {
            format: FORMAT,
            valid_until,
        },
    )?;
    remove_if_present(&target)?;
    std::fs::rename(&fresh, &target).map_err(SandboxError::file("write", &target))
}

fn remove_if_present(path: &std::path::Path) -> Result<(), SandboxError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SandboxError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}
