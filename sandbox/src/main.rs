//! The `sandbox` executable: all of it is in the library.

fn main() -> std::process::ExitCode {
    sandbox::cli::run()
}
