//! The sandbox's own API requests: nodes, storage class, and readiness checks.

mod objects;

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::{
    coordination::v1::Lease,
    core::v1::{Node, ServiceAccount},
    storage::v1::StorageClass,
};
use kube::{
    Api, Client, Config,
    api::{DeleteParams, ListParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
};

use crate::{SandboxError, kubeconfig::CONTEXT};

/// The simulated nodes.
pub(crate) const NODES: [&str; 2] = ["sandbox-1", "sandbox-2"];
/// The deadline of a request to this machine; kube itself has none.
const DEADLINE: Duration = Duration::from_secs(5);
const MANAGER: &str = "sandbox";
/// The namespace of the node leases.
const LEASES: &str = "kube-node-lease";

/// Why a check failed; shown only if the wait for it times out.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A connection to the sandbox's API server.
pub(crate) struct Cluster {
    client: Client,
}

impl Cluster {
    pub(crate) async fn connect(kubeconfig: &Path) -> Result<Self, Cause> {
        let options = KubeConfigOptions {
            context: Some(CONTEXT.into()),
            ..KubeConfigOptions::default()
        };
        let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig)?, &options).await?;
        Ok(Self {
            client: client(config)?,
        })
    }

    /// Checks the readiness endpoint of the API server.
    pub(crate) async fn check_api_server(&self) -> Result<(), Cause> {
        get(&self.client, "/readyz").await
    }

    /// Deletes the node leases of the previous kwok; the new one would wait for them to expire.
    pub(crate) async fn delete_leases(&self) -> Result<(), Cause> {
        let leases = Api::<Lease>::namespaced(self.client.clone(), LEASES);
        within(leases.delete_collection(&DeleteParams::default(), &ListParams::default())).await?;
        Ok(())
    }

    /// Applies the nodes and the storage class.
    pub(crate) async fn ensure_objects(&self) -> Result<(), Cause> {
        let parameters = PatchParams::apply(MANAGER).force();
        let nodes = Api::<Node>::all(self.client.clone());
        for name in NODES {
            within(nodes.patch(name, &parameters, &Patch::Apply(objects::node(name)))).await?;
        }
        let classes = Api::<StorageClass>::all(self.client.clone());
        let class = objects::storage_class();
        within(classes.patch(objects::STORAGE_CLASS, &parameters, &Patch::Apply(&class))).await?;
        Ok(())
    }

    /// Checks that every node is Ready with a lease newer than `start`, and that namespaces get their default service account.
    pub(crate) async fn check_nodes(&self, start: Timestamp) -> Result<(), Cause> {
        let nodes = Api::<Node>::all(self.client.clone());
        let leases = Api::<Lease>::namespaced(self.client.clone(), LEASES);
        for name in NODES {
            if !objects::is_ready(&within(nodes.get(name)).await?) {
                return Err(format!("node `{name}` is not Ready").into());
            }
            // After a restart the node is still `Ready` from before, although kwok does not simulate it yet.
            if !objects::is_renewed_since(&within(leases.get(name)).await?, start) {
                return Err(format!("node `{name}` has not renewed its lease").into());
            }
        }
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), "default");
        within(accounts.get("default")).await?;
        Ok(())
    }
}

/// Checks the health endpoint of the controller manager or the scheduler.
pub(crate) async fn check_health(port: u16, authority: &Path) -> Result<(), Cause> {
    let mut config = Config::new(format!("https://127.0.0.1:{port}").parse()?);
    config.root_cert_file = Some(authority.to_path_buf());
    get(&client(config)?, "/healthz").await
}

fn client(mut config: Config) -> Result<Client, kube::Error> {
    config.default_retry = false;
    config.proxy_url = None;
    config.connect_timeout = Some(DEADLINE);
    Client::try_from(config)
}

async fn get(client: &Client, path: &str) -> Result<(), Cause> {
    let request = http::Request::get(path).body(Vec::new())?;
    within(client.request_text(request)).await?;
    Ok(())
}

async fn within<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Cause> {
    match tokio::time::timeout(DEADLINE, request).await {
        Ok(Ok(answer)) => Ok(answer),
        // The `Display` of an API error repeats the whole response; the message is enough.
        Ok(Err(kube::Error::Api(status))) => Err(status.message.clone().into()),
        Ok(Err(error)) => Err(error.into()),
        Err(_elapsed) => Err(format!("no answer within {} s", DEADLINE.as_secs()).into()),
    }
}

/// Converts the cause of a connection that cannot be attempted.
pub(crate) fn connection_error(kubeconfig: &Path, cause: &Cause) -> SandboxError {
    SandboxError::file("use", kubeconfig)(std::io::Error::other(cause.to_string()))
}
