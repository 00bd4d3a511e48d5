//! Slow work shows a progress line, only on a terminal, and leaves no trace.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::fixture::World;
use crate::proxy::{Harm, Proxy, through};

/// Long enough for the line to appear while connecting, and again while planning.
const SLOW: Harm = Harm::Slow(Duration::from_millis(1500));

/// Runs a plan whose standard error is a terminal, and returns what came there and on standard output.
async fn on_terminal(
    proxy: &Proxy,
    world: &World,
    flags: &[&str],
    variables: &[(&str, &str)],
) -> (String, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).expect("a terminal");
    unlockpt(&master).expect("a terminal");
    let name = ptsname(&master, Vec::new()).expect("a terminal");
    let terminal = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command
        .args(["plan", &world.name])
        .args(flags)
        .arg("--environments")
        .arg(world.directory())
        .arg("--kubeconfig")
        .arg(proxy.kubeconfig())
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::from(terminal.expect("a terminal")));
    let run = tokio::task::spawn_blocking(move || {
        let child = command.spawn().expect("the binary starts");
        // The terminal ends with its last writer, which this command would be.
        drop(command);
        let mut seen = Vec::new();
        // At its end a terminal answers with an error.
        let _ = File::from(master).read_to_end(&mut seen);
        let output = child.wait_with_output().expect("the binary ends");
        assert!(output.status.success());
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(seen), text(output.stdout))
    });
    tokio::time::timeout(Duration::from_mins(2), run)
        .await
        .expect("the binary ends in time")
        .expect("the binary ends")
}

#[tokio::test]
async fn a_plan_that_takes_long_says_what_it_does_on_a_terminal() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let proxy = Proxy::start(world.client(), SLOW).await;
    let (terminal, result) = on_terminal(&proxy, &world, &[], &[("TERM", "xterm")]).await;
    for work in ["connecting to the cluster of", "planning"] {
        let line = format!("{work} {} … 1 s", world.name);
        assert!(terminal.contains(&line), "no `{line}` in {terminal:?}");
    }
    // The last thing that is done to the line is to clear it.
    let (_, rest) = terminal.rsplit_once(" s").unwrap();
    assert!(rest.contains("\u{1b}[2K") && !rest.contains('…'), "{rest:?}");
    assert!(result.starts_with("No changes. "), "{result}");
}

#[tokio::test]
async fn nothing_moves_where_nobody_wants_it() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let proxy = Proxy::start(world.client(), SLOW).await;
    let dumb = [("TERM", "dumb"), ("NO_COLOR", "1")];
    let (dumb, quiet, piped) = tokio::join!(
        on_terminal(&proxy, &world, &[], &dumb),
        on_terminal(&proxy, &world, &["-q"], &[("TERM", "xterm")]),
        through(&proxy, &world, &["plan"]),
    );
    let (terminal, _) = dumb;
    assert!(
        !terminal.contains('…') && !terminal.contains('\u{1b}'),
        "{terminal:?}"
    );
    assert_eq!(terminal.lines().count(), 1, "{terminal:?}");
    assert_eq!(quiet.0, "");
    let piped = piped.expect_code(0);
    assert_eq!(piped.stderr.lines().count(), 1, "{}", piped.stderr);
    assert!(
        piped.stderr.starts_with(&format!("{} in http://", world.name)),
        "{}",
        piped.stderr
    );
}
