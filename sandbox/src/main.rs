//! The `sandbox` executable, a thin wrapper around the library.

fn main() -> std::process::ExitCode {
    sandbox::cli::run()
}
