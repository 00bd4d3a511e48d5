//! Prints the result and writes it to `BENCHMARKS.md`. Nothing else writes to the terminal.
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
use crate::driver::{LARGE, ONCE_FOR_PEERS};
use crate::peers::{KAPP_VERSION, KUBECTL_VERSION};
use crate::rows::{Key, Network, Row, Who, Work, find};
use crate::task::Answer;

/// The file that keeps the result.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../BENCHMARKS.md");

/// The heading of this benchmark's section.
const HEADING: &str = "## The engine of infra";

/// A goal: the rows to compare, and the limit.
struct Goal {
    words: &'static str,
    limit: String,
    value: Option<(f64, bool, String)>,
}

/// Prints progress.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Answers the driver.
pub(crate) fn answer(answer: &Answer) -> Result<()> {
    println!("{}", serde_json::to_string(answer)?);
    Ok(())
}

/// Prints the result, and writes it to the file if requested.
pub(crate) fn result(rows: &[Row], options: &Options) -> Result<()> {
    let text = section(rows, options)?;
    println!("{text}");
    for row in rows.iter().filter(|row| !row.faults.is_empty()) {
        let key = row.key;
        say(&format!(
            "WRONG: {}, {} objects, {}, {}",
            key.work.words(),
            key.objects,
            key.network.words(),
            key.who.words()
        ));
        for fault in row.faults.iter().take(12) {
            say(&format!("  {fault}"));
        }
    }
    if options.write {
        write(Path::new(FILE), &text)?;
    }
    Ok(())
}

/// Replaces this benchmark's section; the file has one for each benchmark.
fn write(file: &Path, section: &str) -> Result<()> {
    let old = fs::read_to_string(file).unwrap_or_else(|_| {
        "# Benchmarks\n\nThe latest results, as ratios: times depend on the machine, ratios much less.\n"
            .to_owned()
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

fn section(rows: &[Row], options: &Options) -> Result<String> {
    let mut text = format!("{HEADING}\n\nRun `just bench engine --write` to repeat it. ");
    writeln!(
        text,
        "{}. Median of {} runs. The programs take turns, each run in its own process, with drift of every class between runs that \
         the plan must name exactly. From {LARGE} objects, writes are run once, and those of peers from {ONCE_FOR_PEERS} \
         (except for `kubectl delete`, which took 204 s there). A *floor* is the minimum of requests, sent as JSON by a bare \
         client, 16 in flight, with the answers discarded; the engine requests packed metadata, which costs the server less. \
         Peers: kubectl {KUBECTL_VERSION}, kapp {KAPP_VERSION}. The requests of a first apply include those of its plan. kapp's \
         destroy includes the namespaces, whose controller takes at least five seconds.\n",
        machine()?,
        options.runs
    )?;
    text.push_str("| goal | at most | measured | |\n|---|---|---|---|\n");
    for goal in goals(rows) {
        let (value, verdict) = match &goal.value {
            Some((_, is_met, text)) => (text.as_str(), if *is_met { "met" } else { "**missed**" }),
            None => ("not measured", ""),
        };
        writeln!(text, "| {} | {} | {value} | {verdict} |", goal.words, goal.limit)?;
    }
    text.push_str(
        "\n| work | objects | network | program | × floor | wall ms (from, to) | client CPU ms | peak MiB | server CPU ms | requests |\n\
         |---|---:|---|---|---:|---:|---:|---:|---:|---:|\n",
    );
    let mut rows: Vec<&Row> = rows
        .iter()
        .filter(|row| !row.samples.is_empty() || !row.faults.is_empty())
        .collect();
    rows.sort_by_key(|row| row.key);
    for row in &rows {
        line(&mut text, row, &rows)?;
    }
    if options.without_peers {
        text.push_str("\nkubectl and kapp were left out.\n");
    } else {
        for who in [Who::Kubectl, Who::Kapp] {
            if rows.iter().all(|row| row.key.who != who) {
                writeln!(text, "\n{}: not available.", who.words())?;
            }
        }
    }
    text.push_str("\nTime of the last run by step, in ms:\n\n");
    for row in rows
        .iter()
        .filter(|row| !row.steps.is_empty() && row.key.who == Who::Infra)
    {
        let steps: Vec<String> = row
            .steps
            .iter()
            .map(|(name, wall)| format!("{name} {wall:.1}"))
            .collect();
        let Key {
            work,
            objects,
            network,
            ..
        } = row.key;
        writeln!(
            text,
            "- {}, {objects}, {}: {}",
            work.words(),
            network.words(),
            steps.join(", ")
        )?;
    }
    Ok(text)
}

fn line(text: &mut String, row: &Row, rows: &[&Row]) -> Result<()> {
    let Key {
        work,
        objects,
        network,
        who,
    } = row.key;
    let floor = rows.iter().find(|floor| {
        floor.key
            == Key {
                who: Who::Floor,
                ..row.key
            }
    });
    let ratio = match (row.wall(), floor.and_then(|floor| floor.wall())) {
        _ if !row.faults.is_empty() => "WRONG".to_owned(),
        (Some(wall), Some(floor)) => format!("{:.2}", wall / floor),
        _ => "–".to_owned(),
    };
    let (least, most) = row.spread().unwrap_or_default();
    let median = row.median(|cost| cost.wall).unwrap_or_default();
    writeln!(
        text,
        "| {} | {objects} | {} | {} | {ratio} | {median:.1} ({least:.1}, {most:.1}) | {:.0} | {:.1} | {:.0} | {} |",
        work.words(),
        network.words(),
        who.words(),
        row.median(|cost| cost.client).unwrap_or_default(),
        mebibytes(row.peak()),
        row.median(|cost| cost.server).unwrap_or_default(),
        row.requests
            .map_or_else(|| "–".to_owned(), |requests| requests.to_string()),
    )?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

fn goals(rows: &[Row]) -> Vec<Goal> {
    let wall = |work, objects, network, who| {
        find(
            rows,
            Key {
                work,
                objects,
                network,
                who,
            },
        )?
        .wall()
    };
    let infra = |work, objects, network| wall(work, objects, network, Who::Infra);
    let near = |work, objects| -> Option<f64> {
        Some(infra(work, objects, Network::Loopback)? / wall(work, objects, Network::Loopback, Who::Floor)?)
    };
    let faster = |who| -> Option<f64> {
        let peer = wall(Work::NoopPlan, 1_000, Network::Loopback, who)?;
        Some(peer / infra(Work::NoopPlan, 1_000, Network::Loopback)?)
    };
    let most = |words, value: Option<f64>, limit: f64| Goal {
        words,
        limit: format!("{limit} × floor"),
        value: value.map(|value| (value, value <= limit, format!("{value:.2} ×"))),
    };
    let least = |words, value: Option<f64>, limit: f64| Goal {
        words,
        limit: format!("(at least) {limit} ×"),
        value: value.map(|value| (value, value >= limit, format!("{value:.0} ×"))),
    };
    let plan_far_away = infra(Work::NoopPlan, 1_000, Network::Delayed);
    let is_large =
        |row: &&Row| row.key.objects == 10_000 && row.key.who == Who::Infra && !row.samples.is_empty();
    let peak = rows.iter().filter(is_large).map(Row::peak).max().map(mebibytes);
    vec![
        most("no-op plan of 1,000 objects", near(Work::NoopPlan, 1_000), 1.3),
        most("no-op plan of 10,000 objects", near(Work::NoopPlan, 10_000), 1.3),
        least(
            "no-op plan of 1,000, faster than `kubectl diff --server-side`",
            faster(Who::Kubectl),
            100.0,
        ),
        least(
            "no-op plan of 1,000, faster than `kapp deploy --diff-run`",
            faster(Who::Kapp),
            60.0,
        ),
        most(
            "first apply of 1,000, after the confirmation",
            near(Work::FirstApply, 1_000),
            1.1,
        ),
        most(
            "first apply of 10,000, after the confirmation",
            near(Work::FirstApply, 10_000),
            1.1,
        ),
        most(
            "destroy of 1,000, until only namespaces are left",
            near(Work::Destroy, 1_000),
            1.15,
        ),
        most(
            "destroy of 10,000, until only namespaces are left",
            near(Work::Destroy, 10_000),
            1.15,
        ),
        Goal {
            words: "no-op plan of 1,000 with a round trip of 20 ms",
            limit: "160 ms".to_owned(),
            value: plan_far_away.map(|value| (value, value <= 160.0, format!("{value:.0} ms"))),
        },
        Goal {
            words: "peak memory at 10,000, over all runs",
            limit: "64 MiB".to_owned(),
            value: peak.map(|value| (value, value <= 64.0, format!("{value:.1} MiB"))),
        },
    ]
}

/// The machine, without its name.
fn machine() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kibibytes = memory
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    let profile = if cfg!(debug_assertions) {
        "**not optimised**"
    } else {
        "release"
    };
    Ok(format!(
        "{cores} cores shared by client, API server and etcd, {:.0} GiB, Kubernetes {KUBECTL_VERSION} on loopback, {profile} build",
        mebibytes(kibibytes) / 1024.0
    ))
}
