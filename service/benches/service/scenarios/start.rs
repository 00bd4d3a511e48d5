//! Binary size, startup time and idle memory.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::Options;
use crate::process::Process;
use crate::programs::{SERVICE, service};
use crate::rows::{Figure, Measured, float, median};
use crate::setup::Setup;

/// The figures' names.
pub(crate) const FIRST_ANSWER: &str = "from the start to the first answer";
pub(crate) const BINARY: &str = "size of the binary";
pub(crate) const IDLE: &str = "memory while it waits";

pub(super) fn run(setup: &Setup, options: &Options, measured: &mut Measured) -> Result<()> {
    let mut times = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..options.runs * 4 {
        let began = Instant::now();
        let process = Process::launch(|port| service(port, &setup.uri()))?;
        while !answers(&process) {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("the service does not respond");
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        times.push(began.elapsed().as_secs_f64() * 1e3);
        // Include the first connections to MongoDB.
        std::thread::sleep(Duration::from_millis(300));
        idle.push(float(process.resident()) / 1024.0);
    }
    let size = std::fs::metadata(SERVICE)?.len();
    measured.figures.extend([
        Figure {
            words: FIRST_ANSWER.to_owned(),
            value: median(times),
            unit: "ms",
        },
        Figure {
            words: IDLE.to_owned(),
            value: median(idle),
            unit: "MiB",
        },
        Figure {
            words: BINARY.to_owned(),
            value: float(size) / 1e6,
            unit: "MB",
        },
    ]);
    Ok(())
}

fn answers(process: &Process) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(process.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200 "))
    };
    ask().unwrap_or(false)
}
