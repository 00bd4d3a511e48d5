//! Prints the address of the data API.

use k8s_openapi::api::core::v1::Node;
use serde_json::Value;

use super::session::Session;
use crate::report::Report;
use engine_core::object::kind_of;

/// Prints the URL of the data API: the address of the first node with the node port. Without permission to list nodes, prints
/// only the port.
pub(super) async fn say(session: &Session, report: &Report) {
    let Ok(environment) = session.environment() else {
        return;
    };
    let port = environment.service.node_port;
    let nodes = session
        .deployment
        .cluster
        .list(&kind_of::<Node>(), None, "")
        .await
        .unwrap_or_default();
    report.aside(&match nodes.iter().find_map(|node| Some((node, address(node)?))) {
        Some((node, _)) if is_simulated(node) => {
            format!("The data API uses port {port} of every node, but these nodes are simulated, so nothing answers")
        }
        Some((_, address)) => format!("The data API answers at http://{address}:{port}/"),
        None => format!("The data API answers on port {port} of every node"),
    });
}

fn address(node: &Value) -> Option<&str> {
    let addresses = node["status"]["addresses"].as_array()?;
    let internal = addresses.iter().find(|address| address["type"] == "InternalIP")?;
    internal["address"].as_str()
}

/// Whether the node is simulated by kwok, as in the sandbox.
fn is_simulated(node: &Value) -> bool {
    let kubelet = node["status"]["nodeInfo"]["kubeletVersion"].as_str();
    kubelet.is_some_and(|version| version.starts_with("kwok"))
}
