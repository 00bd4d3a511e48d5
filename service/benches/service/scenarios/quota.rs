//! Half a CPU, as in the Deployment: the number of threads determines tail latency.

use std::time::Duration;

use anyhow::Result;

use super::add;
use super::documents::Documents;
use crate::load::{Request, Until, closed, steady};
use crate::process::Process;
use crate::programs::{Quota, service};
use crate::rows::{Measured, Program, Row};
use crate::setup::Setup;
use crate::{Options, report};

/// The scenarios' names.
pub(crate) const ONE_THREAD: &str = "half a processor, one thread as it starts by itself";
pub(crate) const FOUR_THREADS: &str = "half a processor, four threads";
const PLENTY: &str = "the same without a limit";

/// Requests per second for lists of 100 documents: most of half a CPU.
const PER_SECOND: u32 = 2500;

pub(super) async fn run(setup: &Setup, options: &Options, measured: &mut Measured) -> Result<()> {
    let Some(quota) = Quota::half_a_processor() else {
        report::say("skipping the quota: this user may not create a cgroup");
        return Ok(());
    };
    let documents = Documents::open(&setup.uri()).await?;
    documents.set(100).await?;
    let request = Request::get("/data").with_documents(100);
    let works = [
        (ONE_THREAD, true, ""),
        (FOUR_THREADS, true, "4"),
        (PLENTY, false, ""),
    ];
    let mut rows: Vec<Row> = works
        .iter()
        .map(|(work, ..)| Row {
            work: (*work).to_owned(),
            program: Program::Service,
            samples: Vec::new(),
        })
        .collect();
    for _ in 0..options.runs {
        for (row, (_, limited, threads)) in rows.iter_mut().zip(works) {
            let process = Process::start(|port| {
                let mut command = service(port, &setup.uri());
                if !threads.is_empty() {
                    command.env("WORKER_THREADS", threads);
                }
                if limited { quota.wrap(&command) } else { command }
            })?;
            closed(process.address, &request, 16, Until::Requests(5)).await?;
            let own = process.processor_time();
            let time = Duration::from_secs(options.seconds.max(3));
            let mut sample = steady(process.address, &request, 16, PER_SECOND, time).await?;
            sample.processor = process.processor_time().saturating_sub(own);
            sample.peak = process.peak();
            row.samples.push(sample);
        }
    }
    for row in rows {
        add(measured, row);
    }
    Ok(())
}
