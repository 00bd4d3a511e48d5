//! Says where the data API answers.

use k8s_openapi::api::core::v1::Node;

use super::session::Session;
use crate::object::kind_of;
use crate::report::Report;

/// Prints the URL of the data API: the first node's address with the node port. Without the right to read nodes, the port.
pub(super) async fn say(session: &Session, report: &Report) {
    let port = session.environment.service.node_port;
    let nodes = session
        .cluster
        .list(&kind_of::<Node>(), None, "")
        .await
        .unwrap_or_default();
    let address = nodes.iter().find_map(|node| {
        let addresses = node["status"]["addresses"].as_array()?;
        let internal = addresses.iter().find(|address| address["type"] == "InternalIP")?;
        internal["address"].as_str()
    });
    match address {
        Some(address) => report.aside(&format!("The data API answers at http://{address}:{port}/")),
        None => report.aside(&format!("The data API answers at port {port} of every node")),
    }
}
