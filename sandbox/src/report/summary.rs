//! The summary of a running sandbox.

use owo_colors::OwoColorize as _;

use super::line;
use crate::{
    cluster::NODES,
    directory::Directory,
    kubeconfig::CONTEXT,
    state::{Process, State},
};

/// Prints the paths and processes, what is real, and how to stop the sandbox.
pub(crate) fn print(directory: &Directory, state: &State) {
    line("");
    line(format_args!(
        "{}  {}",
        "kubeconfig".bold(),
        directory.kubeconfig().display()
    ));
    line(format_args!("            context `{CONTEXT}`"));
    line(format_args!(
        "{}     URI of the data API's user in {}",
        "MongoDB".bold(),
        directory.mongodb_uri().display()
    ));
    line("");
    processes(&state.processes);
    line("");
    line(format_args!(
        "{}        API server, etcd, controllers, scheduler, MongoDB",
        "real".bold()
    ));
    line(format_args!(
        "{}   nodes {}, their kubelets and containers; pods become Ready but run nothing",
        "simulated".bold(),
        NODES.join(" and ")
    ));
    line(format_args!(
        "{}        just sandbox down (`--delete` also deletes the data)",
        "stop".bold()
    ));
}

/// Prints only the processes.
pub(crate) fn print_status(state: &State) {
    processes(&state.processes);
}

fn processes(processes: &[Process]) {
    line(format_args!(
        "{}",
        format_args!("{:<24} {:<9} {:<8} {}", "component", "version", "pid", "address").dimmed()
    ));
    for Process {
        component,
        pid,
        version,
        address,
    } in processes
    {
        line(format_args!(
            "{component:<24} {version:<9} {pid:<8} {}",
            address.as_deref().unwrap_or("-")
        ));
    }
}
