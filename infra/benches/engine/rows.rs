//! The measurements: one row per program and setting.

use clap::ValueEnum;

use crate::measure::Cost;

/// The measured scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Scenario {
    /// A plan that finds nothing to do.
    NoopPlan,
    /// A plan after a change of one percent of the configuration.
    OnePercent,
    /// A plan that finds ten drifted objects.
    Drifted,
    /// The plan and the apply of a new environment.
    FirstApply,
    /// An apply that finds nothing to do.
    NoopApply,
    /// The destroy of an environment.
    Destroy,
}

impl Scenario {
    pub(crate) const ALL: [Self; 6] = [
        Self::NoopPlan,
        Self::OnePercent,
        Self::Drifted,
        Self::FirstApply,
        Self::NoopApply,
        Self::Destroy,
    ];

    /// The read-only scenarios, on an existing environment.
    pub(crate) const READING: [Self; 4] = [Self::NoopPlan, Self::OnePercent, Self::Drifted, Self::NoopApply];
}

/// The work that a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    NoopPlan,
    OnePercent,
    Drifted,
    FirstPlan,
    FirstApply,
    NoopApply,
    Destroy,
}

impl Work {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NoopPlan => "no-op plan",
            Self::OnePercent => "plan, 1 % changed",
            Self::Drifted => "plan, 10 drifted",
            Self::FirstPlan => "first plan",
            Self::FirstApply => "first apply",
            Self::NoopApply => "no-op apply",
            Self::Destroy => "destroy",
        }
    }
}

/// How far away the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Network {
    Loopback,
    Delayed,
}

impl Network {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Delayed => "20 ms",
        }
    }
}

/// The program that does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// The floor: only the requests that no program can avoid.
    Floor,
    /// The engine.
    Infra,
    /// The engine, with the reads of the cluster's identity and the record that a command does first.
    Command,
    Kubectl,
    Kapp,
}

impl Who {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Infra => "infra",
            Self::Command => "infra, with record",
            Self::Kubectl => "kubectl",
            Self::Kapp => "kapp",
        }
    }
}

/// The key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) work: Work,
    pub(crate) objects: usize,
    pub(crate) network: Network,
    pub(crate) who: Who,
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) samples: Vec<Cost>,
    pub(crate) requests: Option<usize>,
    /// Where the wall time of the last run went.
    pub(crate) steps: Vec<(String, f64)>,
    /// The fault of the run; a row with one gets no score.
    pub(crate) faults: Vec<String>,
}

impl Row {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            samples: Vec::new(),
            requests: None,
            steps: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The median of one number of the samples.
    pub(crate) fn median(&self, number: impl Fn(&Cost) -> f64) -> Option<f64> {
        let mut numbers: Vec<f64> = self.samples.iter().map(number).collect();
        numbers.sort_by(f64::total_cmp);
        let middle = numbers.len() / 2;
        if numbers.len() % 2 == 1 {
            numbers.get(middle).copied()
        } else {
            Some(f64::midpoint(
                *numbers.get(middle.checked_sub(1)?)?,
                *numbers.get(middle)?,
            ))
        }
    }

    /// The median wall time in milliseconds; `None` for a row without a score.
    pub(crate) fn wall(&self) -> Option<f64> {
        self.median(|cost| cost.wall).filter(|_| self.faults.is_empty())
    }

    /// The shortest and the longest wall time.
    pub(crate) fn spread(&self) -> Option<(f64, f64)> {
        let walls = || self.samples.iter().map(|cost| cost.wall);
        Some((walls().reduce(f64::min)?, walls().reduce(f64::max)?))
    }

    /// The peak memory of all runs, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        self.samples.iter().map(|cost| cost.peak).max().unwrap_or(0)
    }
}

/// Finds a row.
pub(crate) fn find(rows: &[Row], key: Key) -> Option<&Row> {
    rows.iter().find(|row| row.key == key)
}
