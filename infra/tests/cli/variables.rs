//! Variables set flags and keys; those of other programs are left alone, and none gives consent.

use std::process::Command;

use insta::assert_snapshot;

use crate::binary::{Ended, environments, run_with};

const GOOD: &str = "cluster.context = 'somewhere'";

/// Runs the binary with only these variables and no extra flags.
fn run_plain(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn variables_set_the_flags_of_their_names() {
    let directory = environments(&[("eu.toml", GOOD)]);
    let directory = [("INFRA_ENVIRONMENTS", directory.path().to_str().unwrap())];
    let with = |variable, arguments: &[&str]| run_plain(arguments, &[directory[0], variable]);
    assert_snapshot!(run_plain(&["validate"], &directory), @"
    exit 0
    --- stdout
    eu is valid (context somewhere)
    ");
    // The command gets as far as reading the kubeconfig.
    assert_snapshot!(with(("INFRA_KUBECONFIG", "/no/such/kubeconfig"), &["plan", "eu"]), @"
    exit 1
    --- stderr
    error: there is no kubeconfig at `/no/such/kubeconfig`
    hint: start the cluster (`minikube start`, or `just sandbox up` for the sandbox), or name a kubeconfig with --kubeconfig or KUBECONFIG
    ");
    let apply = ["apply", "eu", "--yes", "--kubeconfig", "/no/such/kubeconfig"];
    let json = with(("INFRA_OUTPUT", "json"), &apply);
    assert!(json.stdout.starts_with('{'), "{json}");
    let coloured = with(("INFRA_COLOR", "always"), &["plan", "us"]);
    assert!(coloured.stderr.contains("\u{1b}["), "{coloured}");
    assert_snapshot!(with(("INFRA_TIMEOUT", "soon"), &["apply", "eu"]), @"
    exit 64
    --- stderr
    error: invalid value 'soon' for '--timeout <TIME>': a time is a number and a unit, such as `90s` or `5m`

      tip: the variable INFRA_TIMEOUT sets this flag

    For more information, try '--help'.
    ");
}

#[test]
fn a_flag_wins_over_its_variable() {
    let directory = environments(&[("eu.toml", GOOD)]);
    let variables = [
        ("INFRA_ENVIRONMENTS", "/no/such/directory"),
        ("INFRA_COLOR", "never"),
    ];
    let ended = run_with(
        directory.path(),
        &["validate", "us", "--color", "always"],
        &variables,
    );
    assert!(ended.stderr.contains("`us` in `environments`"), "{ended}");
    assert!(ended.stderr.contains("\u{1b}["), "{ended}");
}

#[test]
fn no_variable_gives_consent() {
    let directory = environments(&[("eu.toml", GOOD)]);
    let consents = [
        "YES",
        "ALLOW",
        "REPLACE",
        "ADOPT",
        "CONFIRM",
        "FORCE_CONFLICTS",
        "PURGE_DATA",
    ];
    for consent in consents {
        let variable = format!("INFRA_{consent}");
        for command in ["apply", "destroy"] {
            let help = run_with(directory.path(), &[command, "--help"], &[]).stdout;
            assert!(!help.contains(&variable), "{help}");
        }
    }
    assert_snapshot!(run_with(directory.path(), &["validate"], &[("INFRA_POLICY__ALLOW", "outage")]), @"
    exit 1
    --- stderr
    error: `policy.allow` must be set in the file
    --> INFRA_POLICY__ALLOW
     = note: a variable cannot give consent: unset it

    error: the variable `INFRA_POLICY__ALLOW` is not valid
    ");
}

#[test]
fn an_unknown_variable_is_refused_by_its_name() {
    let directory = environments(&[("eu.toml", GOOD)]);
    let unknown = [("INFRA_SERVICE__NODE_PRT", "secret")];
    assert_snapshot!(run_with(directory.path(), &["validate"], &unknown), @"
    exit 1
    --- stderr
    error: unknown variable `INFRA_SERVICE__NODE_PRT`
    --> INFRA_SERVICE__NODE_PRT
     = note: nearest: `INFRA_SERVICE__NODE_PORT`

    error: the variable `INFRA_SERVICE__NODE_PRT` is not valid
    ");
}

#[test]
fn a_variable_of_another_program_is_left_alone() {
    let directory = environments(&[("eu.toml", GOOD)]);
    let others = [
        ("INFRA_ENV", "ci"),
        ("INFRA_SERVICE_IMAGE", "x"),
        ("INFRA", "x"),
        ("__INFRA__", "x"),
    ];
    assert_snapshot!(run_with(directory.path(), &["validate"], &others), @"
    exit 0
    --- stdout
    eu is valid (context somewhere)
    ");
}
