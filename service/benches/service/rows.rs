//! What was measured.

use std::time::Duration;

/// Who did the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// A server of bare hyper that answers a constant.
    Hyper,
    /// A server of bare salvo with one route, which answers the same constant.
    Salvo,
    /// Inserts by the bare driver, without HTTP.
    Driver,
    /// The data API on one thread, as the half processor of its Deployment gives it.
    Service,
    /// The data API as it starts by itself on this machine.
    Spread,
    /// The sample's program.
    Flask,
}

impl Program {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Hyper => "hyper alone",
            Self::Salvo => "salvo alone",
            Self::Driver => "driver alone",
            Self::Service => "service",
            Self::Spread => "service, a thread for each processor",
            Self::Flask => "Flask",
        }
    }
}

/// One run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// Requests that were answered.
    pub(crate) requests: u64,
    /// Documents in all their answers.
    pub(crate) documents: u64,
    /// How long the run took.
    pub(crate) wall: Duration,
    /// User and system time of the program.
    pub(crate) processor: Duration,
    /// User and system time of MongoDB.
    pub(crate) mongodb: Duration,
    /// The most memory of the program in KiB.
    pub(crate) peak: u64,
    /// From the request to the first byte of the answer, or to the whole answer where it is short; sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Sample {
    pub(crate) fn rate(&self) -> f64 {
        float(self.requests) / self.wall.as_secs_f64()
    }

    /// Microseconds of the program's processor time for each request.
    pub(crate) fn processor_per_request(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / float(self.requests)
    }

    /// Microseconds of the program's processor time for each document.
    pub(crate) fn processor_per_document(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / float(self.documents)
    }

    /// The latency that the given share of the requests stays below.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}

/// All runs of one program in one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The scenario in words.
    pub(crate) work: String,
    pub(crate) program: Program,
    pub(crate) samples: Vec<Sample>,
}

impl Row {
    /// The median of something over the runs.
    pub(crate) fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(of).collect())
    }
}

/// The middle of some values; 0 where there are none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A single figure that stands beside the rows.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) words: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    pub(crate) figures: Vec<Figure>,
}

impl Measured {
    pub(crate) fn row(&self, work: &str, program: Program) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.work == work && row.program == program && !row.samples.is_empty())
    }

    pub(crate) fn figure(&self, words: &str) -> Option<f64> {
        self.figures
            .iter()
            .find(|figure| figure.words == words)
            .map(|figure| figure.value)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
