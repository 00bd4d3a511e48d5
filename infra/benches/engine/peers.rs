//! The peers, programs to compare with: built once in the background with the machine's Go, and cached.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::measure::{self, Cost, milliseconds, time_of};

/// The module set of the sandbox, so that `kubectl` matches the version of the server.
const GO_MOD: &str = include_str!("../../../sandbox/go.mod");
const GO_SUM: &str = include_str!("../../../sandbox/go.sum");

/// Version of `kubectl`: that of `k8s.io/kubernetes` in the module set.
pub(crate) const KUBECTL_VERSION: &str = "v1.36.3";

/// Version of `kapp`.
pub(crate) const KAPP_VERSION: &str = "v0.64.2";

/// Interval between samples of a running peer.
const LOOK: Duration = Duration::from_millis(5);

/// The available peers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers {
    pub(crate) kubectl: Option<PathBuf>,
    pub(crate) kapp: Option<PathBuf>,
}

/// Starts to find or build them. Peers that are not available are left out with a message.
pub(crate) fn begin() -> JoinHandle<Peers> {
    thread::spawn(|| Peers {
        kubectl: ensure("kubectl", KUBECTL_VERSION, |directory| {
            fs::write(directory.join("go.mod"), GO_MOD)?;
            fs::write(directory.join("go.sum"), GO_SUM)?;
            let version = format!(
                "-s -w -X k8s.io/component-base/version.gitVersion={KUBECTL_VERSION} \
                 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
            );
            build(directory, &version, "k8s.io/kubernetes/cmd/kubectl")
        }),
        kapp: ensure("kapp", KAPP_VERSION, |directory| {
            let text = format!("module peers\n\ngo 1.26.0\n\nrequire carvel.dev/kapp {KAPP_VERSION}\n");
            fs::write(directory.join("go.mod"), text)?;
            build(directory, "-s -w", "carvel.dev/kapp/cmd/kapp")
        }),
    })
}

fn ensure(name: &str, version: &str, make: impl FnOnce(&Path) -> Result<()>) -> Option<PathBuf> {
    let result = cached(name, version, make);
    if let Err(error) = &result {
        crate::report::say(&format!("{name} is not available: {error:#}"));
    }
    result.ok()
}

/// Finds a program in the user's cache, or builds it there.
fn cached(name: &str, version: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let root = env::var_os("XDG_CACHE_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .context("there is no cache directory")?
        .join("infra-bench");
    let program = root.join(format!("{name}-{version}"));
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&root)?;
    // Renamed once complete, so that an interrupted build leaves no broken program behind.
    let work = tempfile::Builder::new().prefix("build-").tempdir_in(&root)?;
    crate::report::say(&format!("building {name} {version} (once; some minutes)"));
    make(work.path())?;
    fs::rename(work.path().join("program"), &program)?;
    Ok(program)
}

fn build(directory: &Path, linker_flags: &str, package: &str) -> Result<()> {
    let output = Command::new("nice")
        .args([
            "-n",
            "10",
            "go",
            "build",
            "-mod=mod",
            "-trimpath",
            "-o",
            "program",
        ])
        .arg(format!("-ldflags={linker_flags}"))
        .arg(package)
        .current_dir(directory)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .env_remove("GOFLAGS")
        .stdin(Stdio::null())
        .output()
        .context("there is no Go on this machine")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().last().unwrap_or("it said nothing");
    ensure!(output.status.success(), "its build failed: {last}");
    Ok(())
}

/// How a peer ended.
pub(crate) struct Run {
    pub(crate) cost: Cost,
    pub(crate) code: Option<i32>,
    pub(crate) error: String,
}

/// Runs a peer and measures its process.
pub(crate) fn run(
    program: &Path,
    arguments: &[&str],
    kubeconfig: &Path,
    home: &Path,
    servers: &[u32],
) -> Result<Run> {
    let output = tempfile::NamedTempFile::new_in(home)?;
    let errors = tempfile::NamedTempFile::new_in(home)?;
    let server = time_of(servers);
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("KUBECONFIG", kubeconfig)
        .stdin(Stdio::null())
        .stdout(output.reopen()?)
        .stderr(errors.reopen()?)
        .spawn()?;
    let mut cost = Cost::default();
    // An exited process keeps its times until it is waited for, but not its memory.
    let mut ended = false;
    while !ended {
        if let Some(peak) = measure::peak(child.id()) {
            cost.peak = peak;
        }
        match measure::stat(child.id()) {
            Some((state, ticks)) => {
                cost.client = ticks * 10.0;
                ended = state == 'Z';
            }
            None => ended = true,
        }
        if !ended {
            thread::sleep(LOOK);
        }
    }
    cost.wall = milliseconds(began, Instant::now());
    cost.server = time_of(servers) - server;
    let status = child.wait()?;
    Ok(Run {
        cost,
        code: status.code(),
        error: fs::read_to_string(errors.path())?
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned(),
    })
}
