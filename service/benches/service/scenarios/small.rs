//! Short responses on sixteen connections: throughput and cost.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::add;
use super::documents::Documents;
use crate::Options;
use crate::load::{Awake, Request, Until, closed};
use crate::process::{processor_time, processor_time_of_the_ended};
use crate::programs;
use crate::rows::{Measured, Program, Row, Sample};
use crate::setup::Setup;

/// Concurrent connections.
const CONNECTIONS: usize = 16;

/// The scenarios' names.
pub(crate) const GREET: &str = "`GET /`";
pub(crate) const INSERT: &str = "`POST /data`";
pub(crate) const LIST: &str = "`GET /data`, 100 documents";

pub(super) async fn run(setup: &Setup, options: &Options, measured: &mut Measured) -> Result<()> {
    let documents = Documents::open(&setup.uri()).await?;
    let body = r#"{"name": "document", "number": 1, "price": 1.25, "tags": ["a", "b"]}"#;
    let works = [
        (
            GREET,
            Request::get("/"),
            vec![
                Program::Hyper,
                Program::Salvo,
                Program::Service,
                Program::Spread,
                Program::Flask,
            ],
        ),
        (
            INSERT,
            Request::post("/data", body),
            vec![Program::Driver, Program::Service, Program::Spread, Program::Flask],
        ),
        (
            LIST,
            Request::get("/data").with_documents(100),
            vec![Program::Service, Program::Flask],
        ),
    ];
    for (work, request, programs) in works {
        let mut rows: Vec<Row> = programs
            .into_iter()
            .filter(|program| *program != Program::Flask || setup.flask.is_some())
            .map(|program| Row {
                work: work.to_owned(),
                program,
                samples: Vec::new(),
            })
            .collect();
        for _ in 0..options.runs {
            for row in &mut rows {
                documents.set(if work == LIST { 100 } else { 0 }).await?;
                let sample = match row.program {
                    Program::Driver => drive(setup, options)?,
                    program => {
                        // For inserts, MongoDB needs the CPU.
                        let _awake = (work == GREET).then(Awake::keep);
                        load(setup, options, program, &request).await?
                    }
                };
                if work == INSERT {
                    let stored = documents.count().await?;
                    ensure!(
                        stored >= sample.requests,
                        "{} inserts were confirmed, but {stored} documents are stored",
                        sample.requests
                    );
                }
                row.samples.push(sample);
            }
        }
        for row in rows {
            add(measured, row);
        }
    }
    Ok(())
}

async fn load(setup: &Setup, options: &Options, program: Program, request: &Request) -> Result<Sample> {
    let process = programs::start(setup, program)?;
    let time = Duration::from_secs(options.seconds);
    // Warm up connections, pools and caches.
    closed(process.address, request, CONNECTIONS, Until::Requests(20)).await?;
    let (own, other) = (process.processor_time(), processor_time(setup.mongodb_pid()));
    let mut sample = closed(process.address, request, CONNECTIONS, Until::Elapsed(time)).await?;
    sample.processor = process.processor_time().saturating_sub(own);
    sample.mongodb = processor_time(setup.mongodb_pid()).saturating_sub(other);
    sample.peak = process.peak();
    Ok(sample)
}

/// Runs the bare driver as a child, whose CPU time counts once it has ended.
fn drive(setup: &Setup, options: &Options) -> Result<Sample> {
    let before = processor_time_of_the_ended();
    let mongodb = processor_time(setup.mongodb_pid());
    let output = Command::new(std::env::current_exe()?)
        .args(["baseline", "driver", &setup.uri(), &CONNECTIONS.to_string()])
        .arg(options.seconds.to_string())
        .output()?;
    ensure!(
        output.status.success(),
        "the bare driver: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let (count, microseconds) = text.trim().split_once(' ').context("a count and a time")?;
    Ok(Sample {
        requests: count.parse()?,
        wall: Duration::from_micros(microseconds.parse()?),
        processor: processor_time_of_the_ended().saturating_sub(before),
        mongodb: processor_time(setup.mongodb_pid()).saturating_sub(mongodb),
        ..Sample::default()
    })
}
