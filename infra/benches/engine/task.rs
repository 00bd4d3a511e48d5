//! The tasks that the driver gives to a child process, and the answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::generated::{Changed, Shape};
use crate::measure::Cost;

/// One measured run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) program: Program,
    pub(crate) kubeconfig: PathBuf,
    /// The Secret with the environment's record, as JSON.
    pub(crate) record: PathBuf,
    pub(crate) environment: String,
    pub(crate) objects: usize,
    pub(crate) is_changed: bool,
    /// The processes of API server and etcd.
    pub(crate) servers: Vec<u32>,
}

/// The work to measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Program {
    /// The metadata LISTs of the environment, with answers discarded.
    BareList,
    /// The same, followed by dry-runs of the objects with these URLs.
    BareListAndDryRun(Vec<String>),
    /// Dry-runs of all objects, in an existing namespace.
    BareDryRun,
    /// Server-side applies of all objects.
    BareCreate,
    /// Deletions of all objects but the namespaces, not waited for.
    BareDelete,
    /// The engine's fast plan.
    Plan,
    /// The same, after the reads of a command: the cluster's identity and the record.
    PlanAsCommand,
    /// The engine's plan and apply of an existing environment.
    Apply,
    /// The engine's plan, then the steps of its apply after the confirmation.
    FirstApply,
    /// The engine's plan of an empty stack, then the deletions after the confirmation.
    Destroy,
}

/// The outcome of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The cost of each part, in order: the whole run, or the plan and the steps after the confirmation.
    pub(crate) parts: Vec<Cost>,
    /// The wall time of each step, in milliseconds.
    pub(crate) steps: Vec<(String, f64)>,
    /// The actions of the plan, by object.
    pub(crate) changes: Vec<(String, String)>,
    /// The number of unchanged objects in the plan.
    pub(crate) unchanged: usize,
    /// The number of objects written or deleted.
    pub(crate) done: usize,
    /// The error of the run.
    pub(crate) errors: Vec<String>,
}

impl Task {
    /// The environment that it works on.
    pub(crate) fn shape(&self) -> Shape {
        let shape = Shape::new(&self.environment, self.objects);
        if self.is_changed {
            Shape {
                changed: Changed::OnePercent,
                ..shape
            }
        } else {
            shape
        }
    }
}
