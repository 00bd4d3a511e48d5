//! Prints the results, and writes them to `BENCHMARKS.md`. The only module that writes to the terminal.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the module that prints"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::Options;
use crate::rows::{Measured, Program, Row, Sample, float};
use crate::scenarios::{
    BINARY, FIRST_ANSWER, FOUR_THREADS, GREET, IDLE, INSERT, LIST, ONE_THREAD, PROBES, at_once, list_of,
};

/// The file of results.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../BENCHMARKS.md");

/// The heading of this benchmark's section.
const HEADING: &str = "## The data API";

/// Reports progress.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Summarizes a row as progress.
pub(crate) fn short(row: &Row) -> String {
    format!(
        "{}, {}: {:.0} a second, {:.1} µs, p99 {:.1} ms, {:.1} MiB",
        row.work,
        row.program.words(),
        row.median(Sample::rate),
        row.median(Sample::processor_per_request),
        row.median(|sample| sample.percentile(99).as_secs_f64() * 1e3),
        row.median(mebibytes),
    )
}

/// Prints the results, and writes them if requested.
pub(crate) fn result(measured: &Measured, options: &Options) -> Result<()> {
    let text = section(measured, options)?;
    println!("{text}");
    if options.write {
        write(Path::new(FILE), &text)?;
    }
    Ok(())
}

/// Replaces this benchmark's section.
fn write(file: &Path, section: &str) -> Result<()> {
    let old = fs::read_to_string(file).unwrap_or_else(|_| {
        "# Benchmarks\n\nThe last run of each, as ratios: machines differ, ratios less so.\n".to_owned()
    });
    let text = match old.split_once(HEADING) {
        Some((before, rest)) => {
            let after = rest.find("\n## ").map_or("", |position| &rest[position..]);
            format!("{before}{section}{after}")
        }
        None => format!("{old}\n{section}"),
    };
    fs::write(file, text)?;
    Ok(())
}

fn section(measured: &Measured, options: &Options) -> Result<String> {
    let mut text = format!("{HEADING}\n\nRun `just bench service --write` to repeat it. ");
    writeln!(
        text,
        "{} CPUs shared by load, program and MongoDB. Median of {} runs; the programs take turns, each in its own process. Every \
         response is checked. The data API writes its access log to `/dev/null`. *hyper alone* serves a constant, *salvo alone* \
         the same from a route. *driver alone* inserts the same document from as many tasks with the same write concern, without \
         HTTP. *Flask* is the sample's program with its pinned versions, under gunicorn with two processes of eight threads. \
         Sixteen connections unless stated otherwise. CPU time is that of the program alone. All programs but Flask use one \
         thread unless stated otherwise, as on the Deployment's half CPU. The load of `GET /` never sleeps, so that no program \
         pays for waking it.\n",
        std::thread::available_parallelism().map_or(1, usize::from),
        options.runs,
    )?;
    text.push_str("| goal | at most | measured | |\n|---|---:|---:|---|\n");
    for goal in goals(measured, options) {
        let (value, verdict) = match goal.value {
            Some(value) => (
                format!("{value:.*} {}", goal.digits, goal.unit),
                if goal.is_met(value) { "met" } else { "**missed**" },
            ),
            None => ("not measured".to_owned(), ""),
        };
        let least = if goal.at_least { "(at least) " } else { "" };
        writeln!(
            text,
            "| {} | {least}{} {} | {value} | {verdict} |",
            goal.words, goal.limit, goal.unit
        )?;
    }
    text.push_str(
        "\n| work | program | a second (from, to) | µs CPU per request | µs CPU per document | p50 ms | p99 ms | peak MiB | µs MongoDB per request |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for row in &measured.rows {
        line(&mut text, row)?;
    }
    text.push_str("\nLatencies of lists are those of the first byte.\n");
    if !measured.figures.is_empty() {
        text.push('\n');
        for figure in &measured.figures {
            writeln!(text, "- {}: {:.1} {}", figure.words, figure.value, figure.unit)?;
        }
    }
    Ok(text)
}

fn line(text: &mut String, row: &Row) -> Result<()> {
    let rates: Vec<f64> = row.samples.iter().map(Sample::rate).collect();
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    let per_document = if row.samples.iter().any(|sample| sample.documents > 0) {
        format!("{:.2}", row.median(Sample::processor_per_document))
    } else {
        "–".to_owned()
    };
    let latency = |percent| row.median(|sample| sample.percentile(percent).as_secs_f64() * 1e3);
    let (p50, p99) = if row.program == Program::Driver {
        ("–".to_owned(), "–".to_owned())
    } else {
        (format!("{:.2}", latency(50)), format!("{:.2}", latency(99)))
    };
    let peak = match row.median(mebibytes) {
        0.0 => "–".to_owned(),
        peak => format!("{peak:.1}"),
    };
    writeln!(
        text,
        "| {} | {} | {:.*} ({least:.1}, {most:.1}) | {:.1} | {per_document} | {p50} | {p99} | {peak} | {:.1} |",
        row.work,
        row.program.words(),
        usize::from(row.median(Sample::rate) < 100.0),
        row.median(Sample::rate),
        row.median(Sample::processor_per_request),
        row.median(|sample| sample.mongodb.as_secs_f64() * 1e6 / float(sample.requests)),
    )?;
    Ok(())
}

/// A goal: a comparison and its limit.
struct Goal {
    words: String,
    limit: f64,
    unit: &'static str,
    digits: usize,
    at_least: bool,
    value: Option<f64>,
}

impl Goal {
    fn is_met(&self, value: f64) -> bool {
        if self.at_least {
            value >= self.limit
        } else {
            value <= self.limit
        }
    }
}

fn goals(measured: &Measured, options: &Options) -> Vec<Goal> {
    let of = |work: &str, program: Program, value: fn(&Sample) -> f64| {
        measured.row(work, program).map(|row| row.median(value))
    };
    let ratio = |left: Option<f64>, right: Option<f64>| Some(left? / right?);
    let rate = |work: &str, program| of(work, program, Sample::rate);
    let cost = |work: &str, program| of(work, program, Sample::processor_per_request);
    let million = list_of(options.documents);
    let thousand = list_of(1_000);
    let sixteen = at_once(options.documents);
    let at_most = |words: &str, limit, unit, value| Goal {
        words: words.to_owned(),
        limit,
        unit,
        digits: 2,
        at_least: false,
        value,
    };
    // By CPU time, because load and MongoDB share the machine: by requests per second, even bare hyper and the bare
    // driver are only about twenty and four times faster than Flask, as the rows show.
    let cheaper = |work: &str, limit| Goal {
        words: format!("{work}, processor time of Flask against it"),
        limit,
        unit: "×",
        digits: 1,
        at_least: true,
        value: ratio(cost(work, Program::Flask), cost(work, Program::Service)),
    };
    let per_document = |work: &str| of(work, Program::Service, Sample::processor_per_document);
    let first_byte = |sample: &Sample| sample.percentile(50).as_secs_f64() * 1e3;
    let slowest = |sample: &Sample| sample.percentile(99).as_secs_f64() * 1e3;
    vec![
        at_most(
            "`GET /`, processor time against hyper alone",
            1.25,
            "×",
            ratio(cost(GREET, Program::Service), cost(GREET, Program::Hyper)),
        ),
        cheaper(GREET, 25.0),
        at_most(
            "`POST /data`, time against the driver alone",
            1.2,
            "×",
            ratio(rate(INSERT, Program::Driver), rate(INSERT, Program::Service)),
        ),
        cheaper(INSERT, 12.0),
        cheaper(LIST, 8.0),
        at_most(
            "processor time per document in lists of 1,000",
            1.8,
            "µs",
            per_document(&thousand),
        ),
        at_most(
            &format!("processor time per document in a list of {}", options.documents),
            1.8,
            "µs",
            per_document(&million),
        ),
        at_most(
            &format!("memory over a list of {}", options.documents),
            16.0,
            "MiB",
            of(&million, Program::Service, mebibytes),
        ),
        at_most(
            &format!("first byte of a list of {}", options.documents),
            20.0,
            "ms",
            of(&million, Program::Service, first_byte),
        ),
        at_most(
            "memory over sixteen such lists at once",
            64.0,
            "MiB",
            of(&sixteen, Program::Service, mebibytes),
        ),
        at_most("`/livez` meanwhile, p99", 50.0, "ms", measured.figure(PROBES)),
        at_most(
            "half a processor: p99 of one thread against four",
            1.0,
            "×",
            ratio(
                of(ONE_THREAD, Program::Service, slowest),
                of(FOUR_THREADS, Program::Service, slowest),
            ),
        ),
        at_most("start to first answer", 15.0, "ms", measured.figure(FIRST_ANSWER)),
        at_most("size of the binary", 12.0, "MB", measured.figure(BINARY)),
        at_most("memory while it waits", 10.0, "MiB", measured.figure(IDLE)),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "kibibytes far below 2^53")]
fn mebibytes(sample: &Sample) -> f64 {
    sample.peak as f64 / 1024.0
}
