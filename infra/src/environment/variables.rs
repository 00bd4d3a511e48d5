//! Reads the variables that override keys, `INFRA_TABLE__KEY`. Pure: the variables are handed in.

use std::collections::BTreeMap;

use super::fault::{Concern, Fault, Place};
use super::invalid::printable;
use super::keys::{KEYS, Key};
use super::nearest::nearest;

/// What the variables say: texts by path, and the variables that override nothing as faults.
pub(super) struct VariableContent {
    pub(super) values: BTreeMap<&'static str, String>,
    pub(super) faults: Vec<Fault>,
}

/// Whether a variable's name has the form of one that overrides a key.
///
/// `INFRA_ENV` has not: it may be another program's.
pub(super) fn overrides_key(name: &str) -> bool {
    name.strip_prefix("INFRA_")
        .is_some_and(|rest| rest.contains("__"))
}

/// Reads the variables that override keys; all others are passed over.
pub(super) fn read(variables: impl IntoIterator<Item = (String, String)>) -> VariableContent {
    let mut content = VariableContent {
        values: BTreeMap::new(),
        faults: Vec::new(),
    };
    for (name, value) in variables.into_iter().filter(|(name, _)| overrides_key(name)) {
        match KEYS.iter().find(|key| key.variable() == name) {
            Some(key) if key.is_of_file_alone() => content.faults.push(of_file_alone(key)),
            Some(key) => {
                content.values.insert(key.path, value);
            }
            None => content.faults.push(unknown(&name)),
        }
    }
    content
}

fn of_file_alone(key: &Key) -> Fault {
    Fault {
        place: Place::Variable(key.variable(), None),
        concern: Concern::of(key.path),
        title: format!("`{}` must be set in the file", key.path),
        label: "a variable cannot give consent: unset it".to_owned(),
        hint: None,
    }
}

fn unknown(name: &str) -> Fault {
    let known: Vec<String> = KEYS
        .iter()
        .filter(|key| !key.is_of_file_alone())
        .map(Key::variable)
        .collect();
    let meant = nearest(name, known.iter().map(String::as_str));
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
        None => "it overrides no key: unset it".to_owned(),
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
