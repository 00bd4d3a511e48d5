//! The help pages fit a terminal of 80 columns, one line for each flag.

use insta::assert_snapshot;

use crate::binary::{run_with, shipped};

fn check(arguments: &[&str]) -> String {
    let help = run_with(shipped(), arguments, &[("COLUMNS", "80")]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for line in help.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    help.stdout
}

#[test]
fn the_commands_are_one_line_each() {
    assert_snapshot!(check(&["--help"]), @"
    Declares a Kubernetes environment in typed code and reconciles it by diff, plan
    and apply

    Usage: infra [OPTIONS] <COMMAND>

    Commands:
      plan      Show what an apply would change, and why; changes nothing
      diff      Show the plan as a unified diff of YAML, live to planned
      apply     Plan, ask, write, wait until everything is ready
      destroy   Delete the environment; data is kept
      status    Show what is there, down to the containers, and whether it is ready
      render    Print the manifests as YAML for kubectl; needs no cluster
      validate  Check environment files; needs no cluster
      image     Print the image of the data API, and build it into minikube
      forward   Lead a port of this machine to the data API, by kubectl
      help      Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
          --kubeconfig <PATH>   Kubeconfig to use instead of the environment's
          --environments <DIR>  Directory of the files [default: environments]
          --color <WHEN>        Colours: auto, always or never [default: auto]
      -q, --quiet               Print the result alone
      -v, --verbose             Print the unchanged, whole values, others' fields
    ");
}

#[test]
fn the_flags_are_one_line_each() {
    assert_snapshot!(check(&["apply", "--help"]), @"
    Plan, ask, write, wait until everything is ready

    Usage: infra apply [OPTIONS] <ENVIRONMENT>

    Arguments:
      <ENVIRONMENT>  The environment: the name of its file without `.toml`

    Options:
      -y, --yes              Do not ask
          --build            First build an image that minikube lacks
          --timeout <TIME>   How long to wait in all, such as 90s [default: 5m]
          --no-wait          Do not wait
          --force-conflicts  Take over fields that another applier has declared
          --adopt            Make ours what is there and nobody's
          --replace          Delete and make anew what cannot be changed in place
          --confirm <NAME>   The environment's name: an empty database is fine
      -o, --output <FORMAT>  Form of the result: human, json [default: human]
      -h, --help             Print help

    Global options:
          --kubeconfig <PATH>   Kubeconfig to use instead of the environment's
          --environments <DIR>  Directory of the files [default: environments]
          --color <WHEN>        Colours: auto, always or never [default: auto]
      -q, --quiet               Print the result alone
      -v, --verbose             Print the unchanged, whole values, others' fields
    ");
    for command in ["plan", "diff", "destroy", "status", "render", "validate"] {
        let help = check(&[command, "--help"]);
        let flags = help
            .lines()
            .filter(|line| line.trim_start().starts_with('-'))
            .count();
        let indented = help.lines().filter(|line| line.starts_with("  ")).count();
        // One more line names the argument.
        assert_eq!(flags + 1, indented, "{help}");
    }
}
