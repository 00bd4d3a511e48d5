//! The help pages fit a terminal of 80 columns; `-h` has one line for each flag, `--help` paragraphs and examples.

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
    assert_snapshot!(check(&["-h"]), @"
    Deploys the data API and its database to Kubernetes

    Usage: infra [OPTIONS] <COMMAND>

    Commands:
      plan      Show what an apply would change, and why
      diff      Show the plan as a unified diff of YAML, live to planned
      apply     Plan, confirm, write, and wait until everything is ready
      destroy   Delete the environment and keep its data
      status    Show the objects, down to the containers, and their readiness
      render    Print the manifests as YAML for kubectl; needs no cluster
      validate  Check environment files; needs no cluster
      image     Print the image of the data API, or build it into minikube
      forward   Forward a local port to the data API
      help      Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --kubeconfig <PATH>   Kubeconfig to use instead of the environment's
          --environments <DIR>  Directory of environments [default: environments]
          --color <WHEN>        Colours: auto, always or never [default: auto]

    Verbosity:
      -q, --quiet    Print only the result
      -v, --verbose  Also show unchanged objects, full values and foreign fields
    ");
}

#[test]
fn the_flags_are_one_line_each() {
    assert_snapshot!(check(&["apply", "-h"]), @"
    Plan, confirm, write, and wait until everything is ready

    Usage: infra apply [OPTIONS] <ENVIRONMENT>

    Arguments:
      <ENVIRONMENT>  Name of the environment, or path of its file

    Options:
      -y, --yes              Skip confirmation
          --build            Build a missing image into minikube first
          --timeout <TIME>   Longest time to wait, such as 90s [default: 5m]
          --no-wait          Exit without waiting for readiness or deletion
          --force-conflicts  Take over fields that another applier manages
          --adopt            Adopt existing objects that nothing manages
          --replace          Delete and recreate objects with immutable changes
          --allow <EFFECT>   Allow restart, scale, outage, replace or data-loss
          --confirm <NAME>   Confirm by name that the database may start empty
      -o, --output <FORMAT>  Output format: human or json [default: human]
      -h, --help             Print help (see more with '--help')

    Global options:
          --kubeconfig <PATH>   Kubeconfig to use instead of the environment's
          --environments <DIR>  Directory of environments [default: environments]
          --color <WHEN>        Colours: auto, always or never [default: auto]

    Verbosity:
      -q, --quiet    Print only the result
      -v, --verbose  Also show unchanged objects, full values and foreign fields
    ");
    for command in ["plan", "diff", "destroy", "status", "render", "validate"] {
        let help = check(&[command, "-h"]);
        let flags = help
            .lines()
            .filter(|line| line.trim_start().starts_with('-'))
            .count();
        let indented = help.lines().filter(|line| line.starts_with("  ")).count();
        // One more line names the argument.
        assert_eq!(flags + 1, indented, "{help}");
    }
}

#[test]
fn the_long_help_has_the_variables() {
    assert_snapshot!(check(&["--help"]), @"
    Deploys the data API and its database to Kubernetes

    An environment is one TOML file. `infra` declares its Kubernetes objects,
    compares them with the cluster, shows what would change, and applies that.

    Usage: infra [OPTIONS] <COMMAND>

    Commands:
      plan      Show what an apply would change, and why
      diff      Show the plan as a unified diff of YAML, live to planned
      apply     Plan, confirm, write, and wait until everything is ready
      destroy   Delete the environment and keep its data
      status    Show the objects, down to the containers, and their readiness
      render    Print the manifests as YAML for kubectl; needs no cluster
      validate  Check environment files; needs no cluster
      image     Print the image of the data API, or build it into minikube
      forward   Forward a local port to the data API
      help      Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Global options:
          --kubeconfig <PATH>
              Kubeconfig to use instead of the environment's
              
              Wins over `kubeconfig` in the `[cluster]` table. Without either,
              `KUBECONFIG` or ~/.kube/config is used. Variable: `INFRA_KUBECONFIG`.

          --environments <DIR>
              Directory of environments
              
              The environment NAME is the file NAME.toml in this directory.
              Variable: `INFRA_ENVIRONMENTS`.
              
              [default: environments]

          --color <WHEN>
              Colours: auto, always or never
              
              `auto` means on a terminal, unless `NO_COLOR` is set. Variable:
              `INFRA_COLOR`.
              
              [default: auto]

    Verbosity:
      -q, --quiet
              Print only the result

      -v, --verbose
              Also show unchanged objects, full values and foreign fields

    Variables:
      INFRA_KUBECONFIG, INFRA_ENVIRONMENTS, INFRA_COLOR, INFRA_OUTPUT and
      INFRA_TIMEOUT set the flags of the same names; the command line wins.
      INFRA_TABLE__KEY overrides a key of the environment file, as in
      INFRA_SERVICE__NODE_PORT=30600. No variable gives consent: --yes, --allow,
      --replace, --adopt, --force-conflicts, --purge-data and --confirm are taken
      from the command line alone.
    ");
}

#[test]
fn the_long_help_of_a_command_has_paragraphs_and_examples() {
    assert_snapshot!(check(&["apply", "--help"]), @"
    Plan, confirm, write, and wait until everything is ready

    Shows the plan and asks before it writes. It then takes the lock and plans
    again: if the cluster has moved, nothing is written. Nothing is written either
    if the plan has a refused change. Apply again to resume an interrupted run.

    Usage: infra apply [OPTIONS] <ENVIRONMENT>

    Arguments:
      <ENVIRONMENT>
              Name of the environment, or path of its file

    Options:
      -y, --yes
              Skip confirmation
              
              Effects that are not allowed still need --allow, and data loss still
              needs --confirm.

          --build
              Build a missing image into minikube first

          --timeout <TIME>
              Longest time to wait, such as 90s
              
              Limits the whole run; at most 24h. Variable: `INFRA_TIMEOUT`.
              
              [default: 5m]

          --no-wait
              Exit without waiting for readiness or deletion

          --force-conflicts
              Take over fields that another applier manages
              
              Without it, the plan is refused if there is such a field. Manual edits
              are reverted without this flag.

          --adopt
              Adopt existing objects that nothing manages
              
              Without it, the plan is refused if there is such an object. Fields
              that the configuration does not set stay as they are.

          --replace
              Delete and recreate objects with immutable changes
              
              The same as --allow replace, which a protected environment needs
              instead. Claims, volumes, namespaces and custom resource definitions
              are never replaced.

          --allow <EFFECT>
              Allow restart, scale, outage, replace or data-loss
              
              The plan is refused if a change has an effect that is not allowed,
              even with --yes. Repeat the flag, or separate effects with commas.
              Effects in `allow` of the `[policy]` table never need the flag; by
              default these are restart, scale and outage, and on a protected
              environment only restart and scale. data-loss needs --confirm as well.

          --confirm <NAME>
              Confirm by name that the database may start empty
              
              Needed if the claim with the data is gone or would not be mounted. A
              protected environment also needs --allow data-loss.

      -o, --output <FORMAT>
              Output format: human or json
              
              The JSON formats are described in `schemas`. Variable: `INFRA_OUTPUT`.
              
              [default: human]

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --kubeconfig <PATH>
              Kubeconfig to use instead of the environment's
              
              Wins over `kubeconfig` in the `[cluster]` table. Without either,
              `KUBECONFIG` or ~/.kube/config is used. Variable: `INFRA_KUBECONFIG`.

          --environments <DIR>
              Directory of environments
              
              The environment NAME is the file NAME.toml in this directory.
              Variable: `INFRA_ENVIRONMENTS`.
              
              [default: environments]

          --color <WHEN>
              Colours: auto, always or never
              
              `auto` means on a terminal, unless `NO_COLOR` is set. Variable:
              `INFRA_COLOR`.
              
              [default: auto]

    Verbosity:
      -q, --quiet
              Print only the result

      -v, --verbose
              Also show unchanged objects, full values and foreign fields

    Examples:
      infra apply minikube                      ask before writing
      infra apply minikube --yes --timeout 10m  for scripts: skip confirmation
      infra apply production --allow outage     for a protected environment
      infra apply environments/minikube.toml    by the path of its file

    Exit codes:
      0 done, 1 failed, 3 not ready, 4 locked by another run, 5 cluster moved since
      the plan, 6 refused, 64 usage error, 130 or 143 interrupted
    ");
    for command in [
        "plan", "diff", "destroy", "status", "render", "validate", "image", "forward",
    ] {
        let help = check(&[command, "--help"]);
        let (about, rest) = help.split_once("\nUsage: ").unwrap();
        assert!(about.trim().contains("\n\n"), "{help}");
        assert!(
            rest.contains(&format!("\nExamples:\n  infra {command} ")),
            "{help}"
        );
    }
}
