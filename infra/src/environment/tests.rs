//! From the text of a file to the environment, or to the printed faults.

use std::path::Path;

use super::parse;

/// A valid file; a test changes what it is about.
const GOOD: &str = "\
[cluster]
context = \"minikube\"

[service]
node_port = 30500
requests = { cpu = \"200m\", memory = \"250Mi\" }
limits = { cpu = \"500m\", memory = \"500Mi\" }

[service.autoscaling]
min_replicas = 2
max_replicas = 5
";

/// Parses a text with `NAME=value` variables and returns the environment's debug text or the printed error.
fn check(text: &str, variables: &[&str]) -> String {
    let variables = variables.iter().filter_map(|variable| variable.split_once('='));
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    match parse("minikube", Path::new("environments/minikube.toml"), text, variables) {
        Ok(environment) => format!("{environment:#?}"),
        Err(error) => error.render(),
    }
}

#[test]
fn play() {
    let four = GOOD
        .replace("node_port =", "node_prot =")
        .replace("cpu = \"200m\"", "cpu = \"1\"")
        .replace("min_replicas = 2", "min_replicas = \"two\"")
        .replace("[cluster]", "[clutser]");
    for text in [four.as_str(), "", "[cluster", "[cluster]\n", "cluster = 1\n[servce.autoscaling]\nx = 1\n", GOOD,
      "\u{feff}[cluster]\r\ncontext = 3\r\n\"service.image\" = 2\r\n[mongodb]\r\nreplicas = 2\r\nimage = \"\"\"a\nb\"\"\"\r\n",
      "cluster.context = \"ä\"\nservice.\"\\u001b[31m\" = 3\nservice.node_port=0x7724\n[[mongodb]]\nx=1\n",
      "[cluster]\ncontext = \"ä\"\n[cluster]\n",
    ] {
        println!("{}\n=======", check(text, &["INFRA_SERVICE__NODE_PORT=80", "INFRA_SERVICE_IMAGE=x", "INFRA_SERVICE__REQUESTS__CPU=12345678901", "INFRA_LOG=1"]));
    }
}
