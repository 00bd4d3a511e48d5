//! Starts the service, and reports a failed start on stderr.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use service::StartError;

fn main() -> ExitCode {
    match service::start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is gone, nothing can be reported.
            let _ = report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &StartError) -> std::io::Result<()> {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "error: {error}")?;
    let mut source = error.source();
    while let Some(cause) = source {
        write!(stderr, ": {cause}")?;
        source = cause.source();
    }
    writeln!(stderr)?;
    match error.hint() {
        Some(hint) => writeln!(stderr, "hint: {hint}"),
        None => Ok(()),
    }
}
