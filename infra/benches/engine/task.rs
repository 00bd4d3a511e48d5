//! What the driver asks a child process to do, and what the child answers.

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

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Program {
    /// The metadata LISTs that show the environment, thrown away.
    BareList,
    /// The same, and then dry-runs of the objects with these URLs.
    BareListAndDryRun(Vec<String>),
    /// Dry-runs of all objects, in a namespace that is there.
    BareDryRun,
    /// Server-side applies of all objects.
    BareCreate,
    /// Deletions of all objects but the namespaces, not waited for.
    BareDelete,
    /// The engine's fast plan.
    Plan,
    /// The same with what a command asks before it: the cluster's identity, and the record.
    PlanAsCommand,
    /// The engine's plan and apply of an environment that is there.
    Apply,
    /// The engine's plan, and then its apply as it goes on from the confirmation.
    FirstApply,
    /// The engine's plan of an empty stack, and then the deletions from the confirmation.
    Destroy,
}

/// What came of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The cost of each part, in order: all of it, or the plan and what follows the confirmation.
    pub(crate) parts: Vec<Cost>,
    /// Where the wall time went, in milliseconds.
    pub(crate) steps: Vec<(String, f64)>,
    /// What the plan would do: object and action.
    pub(crate) changes: Vec<(String, String)>,
    /// How many objects the plan leaves as they are.
    pub(crate) unchanged: usize,
    /// How many objects were written or deleted.
    pub(crate) done: usize,
    /// What went wrong.
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
