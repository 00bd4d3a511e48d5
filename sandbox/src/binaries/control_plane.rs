//! Builds the control plane from the tools that `go.mod` pins.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{
    cache,
    task::{Line, Task},
    toolchain,
};
use crate::{
    BinariesError, SandboxError,
    component::{CONTROL_PLANE, Component},
    files,
};

const GO_MOD: &str = include_str!("../../go.mod");
const GO_SUM: &str = include_str!("../../go.sum");

/// Measured with cold caches: Go's build cache 2.9 GB, its modules 0.8 GB, the executables 0.4 GB.
const NEEDED_GIBIBYTES: u64 = 5;

/// Finds or builds the directory of the five executables.
pub(super) fn ensure(task: &Task<'_>) -> Result<PathBuf, SandboxError> {
    if let Some(named) = env::var_os("SANDBOX_BIN").filter(|path| !path.is_empty()) {
        return named_directory(Path::new(&named));
    }
    let key = cache::key(&[GO_MOD, GO_SUM, env::consts::OS, env::consts::ARCH]);
    cache::entry(&key, task, |directory| build(directory, task))
}

fn named_directory(directory: &Path) -> Result<PathBuf, SandboxError> {
    let directory = std::path::absolute(directory).map_err(SandboxError::file("find", directory))?;
    match CONTROL_PLANE
        .into_iter()
        .find(|component| !directory.join(component.name()).is_file())
    {
        Some(missing) => Err(BinariesError::NotInDirectory {
            component: missing.name(),
            directory,
        }
        .into()),
        None => Ok(directory),
    }
}

fn build(directory: &Path, task: &Task<'_>) -> Result<(), SandboxError> {
    cache::require_space(directory, NEEDED_GIBIBYTES)?;
    let go = toolchain::go(task)?;
    for (name, content) in [("go.mod", GO_MOD), ("go.sum", GO_SUM)] {
        files::write_private(&directory.join(name), content.as_bytes())?;
    }
    task.progress
        .task("building the control plane (once; about six minutes on two cores)");
    let mut packages = 0_u32;
    let mut command = go.command();
    command.current_dir(directory).args([
        "build",
        "-v",
        "-trimpath",
        "-ldflags",
        &linker_flags(),
        "-o",
        "./",
        "tool",
    ]);
    task.run("building the control plane", &command, |line| {
        read(line, &mut packages)
    })?;
    // Go names an executable after its directory, and etcd's main package is in `server`.
    let (built, wanted) = (directory.join("server"), directory.join(Component::Etcd.name()));
    std::fs::rename(&built, &wanted).map_err(SandboxError::file("rename", &built))
}

/// Kubernetes takes its version from the linker; without it `kubectl version` shows `v0.0.0`.
fn linker_flags() -> String {
    let version = kubernetes_version(GO_MOD).unwrap_or("v0.0.0");
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    let package = "k8s.io/component-base/version";
    format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    )
}

fn kubernetes_version(go_mod: &str) -> Option<&str> {
    let line = go_mod
        .lines()
        .find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "))?;
    line.split_whitespace().next()
}

/// Parses a line of `go build -v`: the path of a compiled package, or `go: downloading …` for a module.
fn read(line: &str, packages: &mut u32) -> Line {
    if let Some(module) = line.strip_prefix("go: downloading ") {
        return Line::Step(format!("downloading {module}"));
    }
    if line.contains(char::is_whitespace) || line.is_empty() {
        return Line::Message;
    }
    *packages += 1;
    Line::Step(format!("building the control plane: package {packages}, {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_go_mod() {
        assert_eq!(
            kubernetes_version("require (\n\tk8s.io/kubernetes v1.36.3 // indirect\n)"),
            Some("v1.36.3")
        );
        assert!(kubernetes_version(GO_MOD).is_some());
    }

    #[test]
    fn steps_and_messages_of_go_are_distinguished() {
        let mut packages = 0;
        let mut check = |line: &str, expected: Option<&str>| match read(line, &mut packages) {
            Line::Step(step) => assert_eq!(Some(step.as_str()), expected),
            Line::Message => assert_eq!(None, expected, "{line}"),
        };
        check(
            "go: downloading k8s.io/api v0.36.3",
            Some("downloading k8s.io/api v0.36.3"),
        );
        check(
            "k8s.io/api/core/v1",
            Some("building the control plane: package 1, k8s.io/api/core/v1"),
        );
        check("# k8s.io/api/core/v1", None);
        check("core/v1/types.go:1:1: syntax error", None);
    }
}
