//! The network policies: anyone can reach the data API, and only the data API can reach the database. Pure.
//!
//! If the network plugin does not enforce policies, as with minikube's default, the cluster accepts them without effect.

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::metadata::{API, Component, MONGODB, metadata, selector};
use super::{api, mongodb};
use crate::environment::{Environment, NamespaceName};

/// Label of every namespace, with its name as value.
const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// The namespace of the cluster's DNS server.
const DNS_NAMESPACE: &str = "kube-system";
const DNS_PORT: i32 = 53;

/// Builds the policy of the data API: ingress from anywhere on its port; egress to the database and DNS.
#[must_use]
pub fn of_api(environment: &Environment) -> NetworkPolicy {
    let to_database = NetworkPolicyEgressRule {
        to: Some(vec![pods(environment, MONGODB, &environment.namespaces.database)]),
        ports: Some(vec![port("TCP", mongodb::PORT)]),
    };
    policy(
        environment,
        API,
        &environment.namespaces.app,
        NetworkPolicyIngressRule {
            from: None,
            ports: Some(vec![port("TCP", api::PORT)]),
        },
        vec![to_database, to_name_server()],
    )
}

/// Builds the policy of the database: ingress only from the data API; egress only to DNS.
#[must_use]
pub fn of_mongodb(environment: &Environment) -> NetworkPolicy {
    policy(
        environment,
        MONGODB,
        &environment.namespaces.database,
        NetworkPolicyIngressRule {
            from: Some(vec![pods(environment, API, &environment.namespaces.app)]),
            ports: Some(vec![port("TCP", mongodb::PORT)]),
        },
        vec![to_name_server()],
    )
}

fn policy(
    environment: &Environment,
    component: Component,
    namespace: &NamespaceName,
    ingress: NetworkPolicyIngressRule,
    egress: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    NetworkPolicy {
        metadata: metadata(environment, component, Some(namespace.as_str()), component.name),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(selector(environment, component)),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(vec![ingress]),
            egress: Some(egress),
        }),
    }
}

fn to_name_server() -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: Some(vec![NetworkPolicyPeer {
            namespace_selector: Some(namespace(DNS_NAMESPACE)),
            ..NetworkPolicyPeer::default()
        }]),
        ports: Some(vec![port("UDP", DNS_PORT), port("TCP", DNS_PORT)]),
    }
}

fn pods(environment: &Environment, component: Component, home: &NamespaceName) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(namespace(home.as_str())),
        pod_selector: Some(selector(environment, component)),
        ..NetworkPolicyPeer::default()
    }
}

fn namespace(name: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some([(NAMESPACE_LABEL.to_owned(), name.to_owned())].into()),
        ..LabelSelector::default()
    }
}

fn port(protocol: &str, number: i32) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(number)),
        protocol: Some(protocol.to_owned()),
        ..NetworkPolicyPort::default()
    }
}
