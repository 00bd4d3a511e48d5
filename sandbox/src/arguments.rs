//! The command lines of the components. Pure.

use std::path::Path;

use crate::{
    certificates::Certificate,
    component::{Component, Durability},
    directory::Directory,
    ports::Ports,
    stages,
};

/// Builds the arguments of a component, without passwords: any user can list them.
pub(crate) fn of(
    component: Component,
    directory: &Directory,
    ports: Ports,
    durability: Durability,
) -> Vec<String> {
    match component {
        Component::MongoDb => mongodb(directory, ports),
        Component::Etcd => etcd(directory, ports, durability),
        Component::KubeApiserver => api_server(directory, ports),
        Component::KubeControllerManager => controller_manager(directory, ports),
        Component::KubeScheduler => scheduler(directory, ports),
        Component::Kwok => kwok(directory),
    }
}

fn mongodb(directory: &Directory, ports: Ports) -> Vec<String> {
    vec![
        "--auth".into(),
        "--bind_ip=127.0.0.1".into(),
        format!("--port={}", ports.mongodb),
        path("--dbpath", &directory.mongodb_data()),
        // The default is half of the machine's memory.
        "--wiredTigerCacheSizeGB=0.25".into(),
        "--nounixsocket".into(),
        "--setParameter=diagnosticDataCollectionEnabled=false".into(),
    ]
}

fn etcd(directory: &Directory, ports: Ports, durability: Durability) -> Vec<String> {
    let client = format!("https://127.0.0.1:{}", ports.etcd);
    let peer = format!("https://127.0.0.1:{}", ports.etcd_peer);
    let certificate = Certificate::Etcd;
    let mut arguments = vec![
        "--name=sandbox".into(),
        path("--data-dir", &directory.etcd_data()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=sandbox={peer}"),
        "--client-cert-auth".into(),
        "--peer-client-cert-auth".into(),
        path("--trusted-ca-file", &certificate.authority(directory)),
        path("--peer-trusted-ca-file", &certificate.authority(directory)),
        path("--cert-file", &certificate.certificate(directory)),
        path("--key-file", &certificate.key(directory)),
        path("--peer-cert-file", &certificate.certificate(directory)),
        path("--peer-key-file", &certificate.key(directory)),
        "--log-level=warn".into(),
    ];
    if durability == Durability::Temporary {
        arguments.push("--unsafe-no-fsync".into());
    }
    arguments
}

fn api_server(directory: &Directory, ports: Ports) -> Vec<String> {
    let etcd_client = Certificate::EtcdClient;
    let serving = Certificate::ApiServer;
    let service_account = Certificate::ServiceAccount;
    vec![
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        format!("--secure-port={}", ports.api_server),
        path("--tls-cert-file", &serving.certificate(directory)),
        path("--tls-private-key-file", &serving.key(directory)),
        path("--client-ca-file", &serving.authority(directory)),
        format!("--etcd-servers=https://127.0.0.1:{}", ports.etcd),
        path("--etcd-cafile", &etcd_client.authority(directory)),
        path("--etcd-certfile", &etcd_client.certificate(directory)),
        path("--etcd-keyfile", &etcd_client.key(directory)),
        path(
            "--service-account-key-file",
            &service_account.certificate(directory),
        ),
        path(
            "--service-account-signing-key-file",
            &service_account.key(directory),
        ),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        "--authorization-mode=RBAC".into(),
        // The only API server has a fixed address, and its lease would outlive a killed sandbox.
        "--endpoint-reconciler-type=none".into(),
        "--profiling=false".into(),
    ]
}

fn controller_manager(directory: &Directory, ports: Ports) -> Vec<String> {
    let certificate = Certificate::ControllerManager;
    let mut arguments = controller(
        Component::KubeControllerManager,
        certificate,
        directory,
        ports.controller_manager,
    );
    arguments.extend([
        path(
            "--service-account-private-key-file",
            &Certificate::ServiceAccount.key(directory),
        ),
        path("--root-ca-file", &certificate.authority(directory)),
        "--use-service-account-credentials=true".into(),
    ]);
    arguments
}

fn scheduler(directory: &Directory, ports: Ports) -> Vec<String> {
    controller(
        Component::KubeScheduler,
        Certificate::Scheduler,
        directory,
        ports.scheduler,
    )
}

/// Builds the arguments that the controller manager and the scheduler share.
fn controller(
    component: Component,
    certificate: Certificate,
    directory: &Directory,
    port: u16,
) -> Vec<String> {
    let kubeconfig = directory.component_kubeconfig(component);
    vec![
        path("--kubeconfig", &kubeconfig),
        path("--authentication-kubeconfig", &kubeconfig),
        path("--authorization-kubeconfig", &kubeconfig),
        path("--client-ca-file", &certificate.authority(directory)),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        path("--tls-cert-file", &certificate.certificate(directory)),
        path("--tls-private-key-file", &certificate.key(directory)),
        // With one replica, an election would only delay a restart by the lease duration.
        "--leader-elect=false".into(),
        // Every controller fetches a token at its first start; the default of 20 requests a second adds five seconds.
        "--kube-api-qps=400".into(),
        "--kube-api-burst=800".into(),
        "--profiling=false".into(),
    ]
}

fn kwok(directory: &Directory) -> Vec<String> {
    let mut arguments = vec![
        path("--kubeconfig", &directory.component_kubeconfig(Component::Kwok)),
        "--manage-all-nodes".into(),
        "--node-ip=127.0.0.1".into(),
        "--cidr=10.244.0.0/16".into(),
        "--node-lease-duration-seconds=40".into(),
    ];
    arguments.extend(
        stages::STAGES
            .iter()
            .map(|(name, _)| path("--config", &directory.stages().join(name))),
    );
    arguments
}

fn path(flag: &str, path: &Path) -> String {
    format!("{flag}={}", path.display())
}
