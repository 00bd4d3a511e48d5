//! The manual has a page for each command, with all of its flags.

use std::fs;

use tempfile::TempDir;

use crate::binary::{run, shipped};

/// The first words of the lines in a section of a help page.
fn listed<'a>(help: &'a str, section: &str) -> Vec<&'a str> {
    let lines = help.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

/// The long flags of a help page.
fn flags(help: &str) -> Vec<&str> {
    let is_of_flag = |character: char| character.is_ascii_lowercase() || character == '-';
    let words = help.lines().filter(|line| line.trim_start().starts_with('-'));
    words
        .filter_map(|line| {
            let flag = &line[line.find("--")?..];
            flag.split(|character| !is_of_flag(character)).next()
        })
        .collect()
}

#[test]
fn every_command_has_its_page_with_its_flags() {
    let directory = TempDir::new().unwrap();
    let pages = directory.path().join("new/man");
    let written = run(shipped(), &["man", pages.to_str().unwrap()]);
    assert_eq!((written.code, written.stderr.as_str()), (Some(0), ""));
    let page = |name: &str| fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();

    let help = run(shipped(), &["-h"]).stdout;
    let commands = listed(&help, "Commands:");
    assert!(
        commands.contains(&"plan") && commands.contains(&"forward"),
        "{commands:?}"
    );
    let commands: Vec<&str> = commands.into_iter().filter(|name| *name != "help").collect();
    for command in &commands {
        let help = run(shipped(), &[command, "-h"]).stdout;
        let flags = flags(&help);
        assert!(flags.contains(&"--kubeconfig"), "{help}");
        let page = page(&format!("infra-{command}"));
        for flag in flags {
            // roff takes a dash for a hyphen unless it is escaped.
            let escaped = flag.replace('-', "\\-");
            assert!(page.contains(&escaped), "{command} lacks {flag}: {page}");
        }
        let about = help
            .lines()
            .next()
            .unwrap()
            .split([',', ';', '-'])
            .next()
            .unwrap();
        assert!(page.contains(about), "{command} lacks `{about}`: {page}");
    }
    let overview = page("infra");
    for command in &commands {
        assert!(overview.contains(&format!("infra\\-{command}(1)")), "{overview}");
    }
    // A command hidden from the help has no page either.
    assert_eq!(fs::read_dir(&pages).unwrap().count(), commands.len() + 1);
}

#[test]
fn a_manual_that_cannot_be_written_says_where() {
    let ended = run(shipped(), &["man", "/dev/null/man"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .starts_with("error: cannot write the man pages to `/dev/null/man`: "),
        "{}",
        ended.stderr
    );
}
