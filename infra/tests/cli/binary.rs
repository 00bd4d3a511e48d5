//! Runs the binary in a cleared environment.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// How the binary ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The directory of the environments that ship with the program.
pub(crate) fn shipped() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../environments"))
}

/// Runs the binary for a directory of environment files, without any variable or kubeconfig.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Ended {
    run_with(directory, arguments, &[])
}

/// Runs the binary with these variables alone.
pub(crate) fn run_with(directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .args(arguments)
        .arg("--environments")
        .arg(directory)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let shown = |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        text.replace(&directory.display().to_string(), "environments")
    };
    Ended {
        code: output.status.code(),
        stdout: shown(output.stdout),
        stderr: shown(output.stderr),
    }
}

/// A directory with these environment files.
pub(crate) fn environments(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (file, text) in files {
        std::fs::write(directory.path().join(file), text).unwrap();
    }
    directory
}

/// Everything there is to see, for a snapshot.
impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.unwrap_or(-1);
        writeln!(formatter, "exit {code}")?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(formatter, "--- {name}\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}
