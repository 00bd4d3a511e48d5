//! Lists of up to a million documents: cost per document, time to the first byte, memory.

use std::time::Duration;

use anyhow::Result;

use super::documents::Documents;
use super::{PROBES, add};
use crate::load::{Request, Until, closed, steady};
use crate::process::processor_time;
use crate::rows::{Figure, Measured, Program, Row, Sample};
use crate::setup::Setup;
use crate::{Options, programs, report};

/// Documents per measurement, so that short lists are repeated more often.
const DOCUMENTS_PER_RUN: usize = 1_000_000;

/// The largest list for the sample's program, which holds several copies in memory.
const LARGEST_FOR_FLASK: usize = 10_000;

/// Returns the name of a list scenario.
pub(crate) fn list_of(documents: usize) -> String {
    format!("`GET /data`, {documents} documents")
}

/// Returns the name of the scenario with concurrent lists.
pub(crate) fn at_once(documents: usize) -> String {
    format!("sixteen at once, {documents} documents each")
}

pub(super) async fn run(setup: &Setup, options: &Options, measured: &mut Measured) -> Result<()> {
    let documents = Documents::open(&setup.uri()).await?;
    for size in [1_000, 10_000, 100_000, options.documents] {
        report::say(&format!("storing {size} documents"));
        documents.set(size).await?;
        let request = Request::get("/data").with_documents(size as u64);
        let mut programs = vec![Program::Service];
        if setup.flask.is_some() && size <= LARGEST_FOR_FLASK {
            programs.push(Program::Flask);
        }
        let mut rows: Vec<Row> = programs
            .into_iter()
            .map(|program| Row {
                work: list_of(size),
                program,
                samples: Vec::new(),
            })
            .collect();
        for _ in 0..options.runs {
            for row in &mut rows {
                row.samples.push(one(setup, row.program, &request, size).await?);
            }
        }
        for row in rows {
            add(measured, row);
        }
    }
    sixteen(setup, options, measured).await
}

async fn one(setup: &Setup, program: Program, request: &Request, size: usize) -> Result<Sample> {
    let process = programs::start(setup, program)?;
    closed(process.address, &Request::get("/health"), 1, Until::Requests(3)).await?;
    let (own, other) = (process.processor_time(), processor_time(setup.mongodb_pid()));
    let times = if program == Program::Flask {
        3
    } else {
        (DOCUMENTS_PER_RUN / size).max(1)
    };
    let mut sample = closed(process.address, request, 1, Until::Requests(times as u64)).await?;
    sample.processor = process.processor_time().saturating_sub(own);
    sample.mongodb = processor_time(setup.mongodb_pid()).saturating_sub(other);
    sample.peak = process.peak();
    Ok(sample)
}

/// Measures sixteen of the largest lists at once, with probes.
async fn sixteen(setup: &Setup, options: &Options, measured: &mut Measured) -> Result<()> {
    let request = Request::get("/data").with_documents(options.documents as u64);
    let mut samples = Vec::new();
    let mut probes = Vec::new();
    for _ in 0..options.runs.min(3) {
        let process = programs::start(setup, Program::Service)?;
        let alive = Request::get("/livez");
        let (own, other) = (process.processor_time(), processor_time(setup.mongodb_pid()));
        let lists = closed(process.address, &request, 16, Until::Requests(1));
        tokio::pin!(lists);
        let mut sample = loop {
            let probe = steady(process.address, &alive, 4, 100, Duration::from_secs(1));
            tokio::select! {
                lists = &mut lists => break lists?,
                probe = probe => probes.extend(probe?.latencies),
            }
        };
        sample.processor = process.processor_time().saturating_sub(own);
        sample.mongodb = processor_time(setup.mongodb_pid()).saturating_sub(other);
        sample.peak = process.peak();
        samples.push(sample);
    }
    add(
        measured,
        Row {
            work: at_once(options.documents),
            program: Program::Service,
            samples,
        },
    );
    probes.sort();
    let sample = Sample {
        latencies: probes,
        ..Sample::default()
    };
    measured.figures.push(Figure {
        words: PROBES.to_owned(),
        value: sample.percentile(99).as_secs_f64() * 1e3,
        unit: "ms",
    });
    Ok(())
}
