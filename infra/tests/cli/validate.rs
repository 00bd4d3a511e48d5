//! Environment files are checked without a cluster, and every fault is reported.

use insta::assert_snapshot;

use crate::binary::{environments, run, shipped};

const GOOD: &str = "cluster.context = 'somewhere'";
const BAD: &str = "[cluster]\ncontxt = 'a'\n[service]\nnode_port = 1\n";

#[test]
fn the_environments_that_ship_with_the_program_are_valid() {
    let validated = run(shipped(), &["validate"]);
    assert_eq!((validated.code, validated.stderr.as_str()), (Some(0), ""));
    assert!(
        validated
            .stdout
            .contains("minikube is valid (context minikube)\n")
    );
}

#[test]
fn all_files_and_all_faults_are_told_at_once() {
    let directory = environments(&[("bad.toml", BAD), ("eu.toml", GOOD), ("worse.toml", "[")]);
    assert_snapshot!(run(directory.path(), &["validate"]), @"
    exit 1
    --- stdout
    eu is valid (context somewhere)
    --- stderr
    error: unknown key `contxt` in `[cluster]`
     --> environments/bad.toml:2:1
      |
    2 | contxt = 'a'
      | ^^^^^^ nearest: `context`

    error: `service.node_port` must be an integer from 30000 to 32767
     --> environments/bad.toml:4:13
      |
    4 | node_port = 1
      |             ^ found `1`

    error: `environments/bad.toml` has 2 faults

    error: this is not valid TOML
     --> environments/worse.toml:1:2
      |
    1 | [
      |  ^ unquoted keys cannot be empty, expected letters, numbers, `-`, `_`

    error: `environments/worse.toml` has 1 fault
    ");
}

#[test]
fn only_what_is_named_is_checked() {
    let directory = environments(&[("bad.toml", BAD), ("eu.toml", GOOD)]);
    assert_snapshot!(run(directory.path(), &["validate", "eu"]), @"
    exit 0
    --- stdout
    eu is valid (context somewhere)
    ");
    assert_snapshot!(run(directory.path(), &["validate", "eu", "us"]), @"
    exit 1
    --- stdout
    eu is valid (context somewhere)
    --- stderr
    error: there is no environment `us` in `environments`
    hint: available: `bad`, `eu`
    ");
}

#[test]
fn a_directory_without_environments_is_no_success() {
    let directory = environments(&[]);
    assert_snapshot!(run(directory.path(), &["validate"]), @"
    exit 1
    --- stderr
    error: there is no environment in `environments`
    ");
    assert_snapshot!(run(&directory.path().join("missing"), &["validate"]), @"
    exit 1
    --- stderr
    error: cannot read the environments directory `environments`: No such file or directory (os error 2)
    hint: run in the directory above `environments`, or pass --environments DIR
    ");
}
