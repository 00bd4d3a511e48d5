//! Reads `INFRA_…` variables into said values. Pure: the variables are handed in.

use std::collections::BTreeMap;

use super::fault::{Concern, Fault, Place};
use super::invalid::printable;
use super::keys::KEYS;
use super::nearest::nearest;

/// What every variable that overrides a key begins with.
pub(super) const PREFIX: &str = "INFRA_";

/// Variables of the command line, which say nothing about an environment.
///
/// `INFRA_ENVIRONMENTS` is the directory of environment files and `INFRA_KUBECONFIG` the
/// kubeconfig, as `--environments` and `--kubeconfig`; `INFRA_OUTPUT`, `INFRA_COLOR` and
/// `INFRA_TIMEOUT` are the flags of these names; `INFRA_LOG` filters the log.
pub const COMMAND_LINE_VARIABLES: [&str; 6] = [
    "INFRA_COLOR",
    "INFRA_ENVIRONMENTS",
    "INFRA_KUBECONFIG",
    "INFRA_LOG",
    "INFRA_OUTPUT",
    "INFRA_TIMEOUT",
];

/// What the variables say: texts by path, and the unknown ones as faults.
pub(super) struct VariableContent {
    pub(super) values: BTreeMap<&'static str, String>,
    pub(super) faults: Vec<Fault>,
}

/// Reads variables; those of others and of the command line are passed over.
pub(super) fn read(variables: impl IntoIterator<Item = (String, String)>) -> VariableContent {
    let mut content = VariableContent {
        values: BTreeMap::new(),
        faults: Vec::new(),
    };
    for (name, value) in variables {
        if !name.starts_with(PREFIX) || COMMAND_LINE_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        match KEYS.iter().find(|key| key.variable() == name) {
            Some(key) => {
                content.values.insert(key.path, value);
            }
            None => content.faults.push(unknown(&name)),
        }
    }
    content
}

fn unknown(name: &str) -> Fault {
    let known: Vec<String> = KEYS.iter().map(super::keys::Key::variable).collect();
    let candidates = known.iter().map(String::as_str).chain(COMMAND_LINE_VARIABLES);
    let meant = nearest(name, candidates);
    let is_of_location = |name: &str| {
        ["INFRA_CLUSTER__", "INFRA_RECORD__"]
            .iter()
            .any(|table| name.starts_with(table))
    };
    let concern = if is_of_location(name) || meant.is_some_and(is_of_location) {
        Concern::Location
    } else {
        Concern::Content
    };
    let label = match meant {
        Some(nearest) => format!("nearest: `{nearest}`"),
        None => "tables and key are joined by two underscores: `INFRA_SERVICE__IMAGE`".to_owned(),
    };
    Fault {
        // Its value is not shown: it may be a secret under a misspelt name.
        place: Place::Variable(printable(name), None),
        concern,
        title: format!("unknown variable `{}`", printable(name)),
        label,
        hint: None,
    }
}
