//! Which faults put the location of an environment in doubt, and which a destroy tolerates.

use std::path::Path;

use insta::assert_snapshot;

use super::parse_location;

const FILE: &str = "environments/shop.toml";

/// How a destroy handles a file: it stops, goes on with warnings, or finds it valid.
fn taken(text: &str, variables: &[(&str, &str)]) -> (&'static str, String) {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match parse_location("shop", Path::new(FILE), text, variables) {
        Err(error) => ("stops", error.render()),
        Ok(located) => match located.environment {
            Err(error) => ("goes on", error.render_warnings().0),
            Ok(_) => ("valid", String::new()),
        },
    }
}

/// Adds lines to a valid file and checks the outcome.
fn check(lines: &str, expected: &str) {
    let (how, printed) = taken(&format!("cluster.context = 'a'\n{lines}"), &[]);
    assert_eq!(how, expected, "{lines}\n{printed}");
}

#[test]
fn faults_of_what_it_consists_of_are_no_obstacle() {
    check("", "valid");
    check("[service]\nnode_prot = 30500", "goes on");
    check("[service]\nnode_port = 1", "goes on");
    check("[service]\nnode_port = 'x'", "goes on");
    check("service = 1", "goes on");
    check("[namespaces]\napp = 'kube-system'", "goes on");
    check("[mongodb]\nexisting_claim = 'a'\nstorage = '1Gi'", "goes on");
    check("[verify]\nevery = '1h'", "goes on");
    check("[pull_secret]\npassword = 'hunter2'", "goes on");
}

#[test]
fn faults_of_where_it_is_stop_a_destroy() {
    check("[record]\nnamespace = 'A'", "stops");
    check("[record]\nnamspace = 'a'", "stops");
    check("[record]\nnamespace = 'kube-system'", "stops");
    check("[recrod]\nnamespace = 'a'", "stops");
    check("record = 1", "stops");
    check("cluster.protected = 'yes'", "stops");
    check("cluster.protectd = true", "stops");
    check("cluster.id = 'a'", "stops");
    check("[namespaces]\napp = 'infra-system'", "stops");
    check("not TOML", "stops");
}

#[test]
fn a_protection_in_the_wrong_place_stops_a_destroy() {
    check("protected = true", "stops");
    check("protectd = true", "stops");
    check("[service]\nprotected = true", "stops");
    check("[clusters]\nprotected = true", "stops");
    check("[safety]\nprotected = true", "stops");
}

#[test]
fn a_file_without_the_table_of_its_cluster_stops_a_destroy() {
    let by_variable = [("INFRA_CLUSTER__CONTEXT", "a")];
    assert_eq!(taken("[service]\nreplicas = 'x'", &[]).0, "stops");
    assert_eq!(taken("[service]\nreplicas = 'x'", &by_variable).0, "goes on");
    assert_eq!(taken("[safety]\nprotected = true", &by_variable).0, "stops");
}

#[test]
fn variables_are_told_apart_as_keys_are() {
    let file = "cluster.context = 'a'";
    assert_eq!(taken(file, &[("INFRA_SERVICE__NODE_PRT", "1")]).0, "goes on");
    assert_eq!(taken(file, &[("INFRA_SERVICE__NODE_PORT", "1")]).0, "goes on");
    assert_eq!(taken(file, &[("INFRA_CLUSTER__PROTECTD", "true")]).0, "stops");
    assert_eq!(taken(file, &[("INFRA_CLUSTR__PROTECTED", "true")]).0, "stops");
    assert_eq!(taken(file, &[("INFRA_CLUSTER__PROTECTED", "yes")]).0, "stops");
}

#[test]
fn what_does_not_matter_is_said_as_warnings() {
    let (_, printed) = taken("[cluster]\ncontext = 'a'\n[service]\nnode_prot = 1", &[]);
    assert_snapshot!(printed, @"
    warning: unknown key `node_prot` in `[service]`
     --> environments/shop.toml:4:1
      |
    4 | node_prot = 1
      | ^^^^^^^^^ nearest: `node_port`

    warning: `environments/shop.toml` has 1 fault; a destroy uses only `[cluster]` and `[record]`
    ");
}

#[test]
fn a_secret_in_the_file_is_never_shown() {
    let line = "pull_secret = { servr = 'a', password = 'hunter2', username = 1 }";
    for file in [
        format!("cluster.context = 'a'\n{line}"),
        format!("cluster.context = 1\n{line}"),
    ] {
        let (_, printed) = taken(&file, &[]);
        assert!(
            printed.contains("`pull_secret.password` stands in the file") && !printed.contains("hunter2"),
            "{printed}"
        );
    }
}
