//! The measurements.

use std::time::Duration;

/// The measured program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// Bare hyper with a constant response.
    Hyper,
    /// Bare salvo with one route and the same response.
    Salvo,
    /// The bare driver, without HTTP.
    Driver,
    /// The data API on one thread, as on the Deployment's half CPU.
    Service,
    /// The data API with its default number of threads.
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

/// One measurement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) documents: u64,
    pub(crate) wall: Duration,
    /// User and system time of the program.
    pub(crate) processor: Duration,
    /// User and system time of MongoDB.
    pub(crate) mongodb: Duration,
    /// Peak memory of the program in KiB.
    pub(crate) peak: u64,
    /// Until the first byte of a list, or the end of any other response; sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Sample {
    pub(crate) fn rate(&self) -> f64 {
        float(self.requests) / self.wall.as_secs_f64()
    }

    /// Microseconds of CPU time per request.
    pub(crate) fn processor_per_request(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / float(self.requests)
    }

    /// Microseconds of CPU time per document.
    pub(crate) fn processor_per_document(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / float(self.documents)
    }

    /// Returns a percentile of the latencies.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}

/// All measurements of one program in one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The scenario's name.
    pub(crate) work: String,
    pub(crate) program: Program,
    pub(crate) samples: Vec<Sample>,
}

impl Row {
    /// Returns the median over the measurements.
    pub(crate) fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(of).collect())
    }
}

/// Returns the median; 0 for no values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A single figure outside of the rows.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) words: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// All results.
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
