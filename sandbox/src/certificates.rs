//! The sandbox's own certificate authorities, and every certificate they sign.

mod issue;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{SandboxError, directory::Directory, files};

/// A key pair of the sandbox, with its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Serves etcd to clients and peers, and is its own peer's client.
    Etcd,
    /// The API server, as a client of etcd.
    EtcdClient,
    ApiServer,
    /// Client of the API server, and server of `/healthz`.
    ControllerManager,
    /// Client of the API server, and server of `/healthz`.
    Scheduler,
    /// kwok, in place of the kubelets.
    Kwok,
    /// The user.
    Admin,
    /// Signs the tokens of service accounts; has a public key instead of a certificate.
    ServiceAccount,
}

/// etcd has an authority of its own, so that no user of the API server can go round it.
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

    /// The user name that the API server's RBAC sees.
    const fn common_name(self) -> &'static str {
        match self {
            Self::ControllerManager => "system:kube-controller-manager",
            Self::Scheduler => "system:kube-scheduler",
            Self::Kwok => "sandbox-kwok",
            Self::Admin => "sandbox-admin",
            other => other.name(),
        }
    }

    /// The group that the API server's RBAC sees.
    const fn organization(self) -> Option<&'static str> {
        match self {
            // kwok writes the status of nodes, pods and volumes, which no ready-made role allows together.
            Self::Kwok | Self::Admin => Some("system:masters"),
            _ => None,
        }
    }

    /// The file of its certificate; of its public key for service accounts.
    pub(crate) fn certificate(self, directory: &Directory) -> PathBuf {
        directory.certificates().join(self.certificate_name())
    }

    pub(crate) fn key(self, directory: &Directory) -> PathBuf {
        directory.certificates().join(self.key_name())
    }

    /// The file of the authority that signed it.
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

/// Raised whenever the table above changes, so that a directory of an older sandbox gets new certificates.
const FORMAT: u32 = 1;
const VALID_DAYS: i64 = 3650;
/// Certificates that end soon are replaced at a start, so that none ends while the sandbox runs.
const SPARE_DAYS: i64 = 30;

/// Written beside the certificates.
#[derive(Serialize, Deserialize)]
struct Issued {
    format: u32,
    valid_until: jiff::Timestamp,
}

/// Makes the certificates of a directory, or keeps those that are valid.
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
    // All are made in a directory beside, which then takes the place: an interrupted start leaves the old set or none.
    let fresh = target.with_extension("new");
    remove_if_there(&fresh)?;
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
    remove_if_there(&target)?;
    std::fs::rename(&fresh, &target).map_err(SandboxError::file("write", &target))
}

fn remove_if_there(path: &std::path::Path) -> Result<(), SandboxError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SandboxError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}
